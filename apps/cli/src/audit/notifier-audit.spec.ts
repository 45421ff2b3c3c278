import 'reflect-metadata'
import { Writable } from 'node:stream'
import { topicNames } from '@quorate/contracts'
import { Bench } from '../../../notifier/testing/bench'
import { Sink, T0 } from '../../../notifier/testing/changes'
import { receiver, RecordingChannel } from '../../../notifier/testing/recording-channel'
import { AT_ONCE } from '../../../notifier/src/pipeline'
import type { LogRecord } from '@quorate/log'
import { runNotifierAudit } from './notifier-audit'

const PREFIX = 'q'
const topic = topicNames(PREFIX).changelog('notifier')

async function audit(bench: Bench, json = false, applicationId = 'notifier') {
  let text = ''
  const output = new Writable({ write: (chunk, _encoding, done) => ((text += String(chunk)), done()) })
  const code = await runNotifierAudit({ log: bench.driver.log, prefix: PREFIX, applicationId, output, json })
  return { code, text }
}

async function rows(bench: Bench): Promise<(LogRecord & { partition: number })[]> {
  const found: (LogRecord & { partition: number })[] = []
  for (const { partition, start, end } of await bench.driver.log.offsets(topic)) {
    const reader = bench.driver.log.reader({ topic, partition, from: start })
    while (reader.position < end)
      for (const record of (await reader.next()).records) found.push({ ...record, partition })
    reader.close()
  }
  return found
}

it('finds the rows of a notifier consistent, and names one that was altered, lost or invented', async () => {
  await using bench = await Bench.open(
    { receivers: [receiver('ops')], root: { ...AT_ONCE, receiver: 'ops' } },
    new RecordingChannel(),
  )
  expect(await audit(bench, false, 'nobody')).toEqual({ code: 0, text: '' })
  const sink = new Sink()
  bench.clock.moveTo(T0)
  await bench.start()
  await bench.pipe(...['a', 'b', 'c'].map((id) => sink.changed(`site/${id}`, 'down', T0)))
  expect(await audit(bench)).toEqual({
    code: 0,
    text: expect.stringMatching(/^SAME {2}notifier: 2 partitions, [1-9]\d* rows of its changelog are consistent\.\n$/),
  })
  const page = (await rows(bench)).filter(({ key }) => key!.toString().startsWith('history/')).at(-1)!
  const { partition } = page
  const damages: [string, Buffer | string | null, Buffer | null, string, RegExp][] = [
    [page.key!.toString(), 'rubbish', page.value, 'history', /no row of its table/],
    ['withheld/silence/gone\u0001site/a', '', null, 'withheld', /no object is held back by it/],
  ]
  for (const [key, value, sound, table, what] of damages) {
    const [position] = await bench.driver.log.append([{ topic, partition, key, value }])
    const { code, text } = await audit(bench, true)
    expect([code, JSON.parse(text)]).toMatchObject([
      1,
      {
        audit: 'different',
        of: 'notifier',
        first: { partition, table, what: expect.stringMatching(what), offset: position!.offset },
      },
    ])
    expect((await audit(bench)).text).toMatch(/^DIFFERENT {2}notifier: partition \d, /)
    await bench.driver.log.append([{ topic, partition, key, value: sound }])
    expect((await audit(bench)).code).toBe(0)
  }
})
