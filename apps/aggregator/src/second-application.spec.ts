import 'reflect-metadata'
import { loadConfig } from '@quorate/config'
import { topicNames } from '@quorate/contracts'
import type { Running } from '@quorate/http'
import { type EmbeddedLog, openEmbeddedLog } from '@quorate/log/embedded'
import { startAggregator } from './bootstrap'

jest.setTimeout(60_000)

const names = topicNames('quorate')

describe('a second application id on the same topics', () => {
  let log: EmbeddedLog
  let running: Running[] = []
  const start = async (id: string) => {
    const argv = ['--port', '0', '--data-dir', ':memory:', '--log-level', 'silent', '--partitions', '2']
    const env = { KAFKA_BROKERS: 'unused:9092', QUORATE_APPLICATION_ID: id }
    const it = await startAggregator(loadConfig('aggregator', { argv, env, readFile: () => '' }), { log })
    running.push(it)
    return it
  }
  const stopped = async () => {
    for (const it of running) await it.close()
    running = []
  }
  beforeEach(async () => {
    log = await openEmbeddedLog({ memory: true })
  })
  afterEach(async () => {
    await stopped()
    await log.close()
  })

  it('is refused at its start, by name, while the first runs and after it', async () => {
    await start('aggregator')
    await start('aggregator')
    await expect(start('second')).rejects.toMatchObject({ code: 'STREAMS_OTHER_APPLICATION', message: expect.stringMatching(/"aggregator" since .*"second"/) }) // prettier-ignore
    await stopped()
    await expect(start('second')).rejects.toMatchObject({ code: 'STREAMS_OTHER_APPLICATION' })
    expect(await log.describeTopic(names.changelog('second'))).toBeUndefined()
    await start('aggregator')
  })

  it('is the only one that starts where several start at once', async () => {
    const results = await Promise.allSettled(['a', 'b', 'c'].map(start))
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })

  it('starts once the mark of the first has been deleted', async () => {
    await start('aggregator')
    await stopped()
    await log.append([{ topic: names.settings, partition: 0, key: `writers/${names.states}`, value: null }])
    await start('second')
    await expect(start('aggregator')).rejects.toMatchObject({ code: 'STREAMS_OTHER_APPLICATION' })
  })
})
