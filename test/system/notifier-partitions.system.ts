import { encodeChange } from '@quorate/contracts'
import type { LogRecord } from '@quorate/log'
import { openEmbeddedLog } from '@quorate/log/embedded'
import { join } from 'node:path'
import { App, ROOT, temporaryFolder } from './harness'
import { endAll, run } from './process'
import { until } from './until'

jest.setTimeout(180_000)

const SINK = 'quorate.states'
const NOBODY = 'http://127.0.0.1:1'

describe("a partition of the notifier's that needs an operator", () => {
  const folder = temporaryFolder('notifier-partitions')
  const dataDir = join(folder.path, 'data')
  const env = { QUORATE_PARTITIONS: '1' }
  afterAll(async () => {
    await endAll()
    folder.remove()
  })

  const cli = async (url: string, ...args: string[]) => {
    const { code, process: it } = await run(process.execPath, {
      args: [join(ROOT, 'dist/apps/cli/src/main.js'), ...args],
      env: { QUORATE_URL: url },
    })
    return [code, it.output] as const
  }
  const report = ({ client }: App, object: string, state: string) => client.report(object, 'a', { state }, { wait: 10 })
  const told = async ({ url }: App, object: string) => {
    const { items } = (await (await fetch(`${url}/v1/deliveries?object=${object}`)).json()) as {
      items: { state: string; decision: string }[]
    }
    return items.map(({ state, decision }) => `${state} ${decision}`)
  }
  const withLog = async <T>(act: (log: Awaited<ReturnType<typeof openEmbeddedLog>>) => Promise<T>): Promise<T> => {
    const log = await openEmbeddedLog({ dir: join(dataDir, 'log') })
    try {
      return await act(log)
    } finally {
      await log.close()
    }
  }
  /** Of the only partition of the sink. */
  const endOfSink = () => withLog(async (log) => (await log.offsets(SINK))[0]!.end)
  /** A change that no aggregator made: the notifier comes to it when it runs again. */
  const appendChange = (object: string, of: object) =>
    withLog(async (log) => {
      const at = Date.now()
      const data = { ...of, object, incarnation: 1, version: 1, revision: 1, since: at, decidedAt: at } as never
      const change = { type: 'object.changed', id: `${object}@1.1`, time: at, subject: object, data } as const
      await log.append([{ topic: SINK, partition: 0, ...encodeChange(change, '/quorate/aggregator') }] as never)
    })
  const skippedLetters = async ({ url }: App) => {
    const { items } = (await (await fetch(`${url}/v1/dead-letters`)).json()) as { items: Partial<LogRecord>[] }
    return items
  }
  it('skips a record that an operator names with --direct --notifier, and by REST says what became of it', async () => {
    const first = await App.start('standalone', { dataDir, env })
    await report(first, 'site/x', 'down')
    await until('it is told', async () => (await told(first, 'site/x')).includes('down sent'))
    const { view } = await first.client.get('site/x')
    await first.process.stop()
    const offset = await endOfSink()
    await appendChange('site/poison', view)
    await appendChange('site/good', view)

    const beyond = await cli(NOBODY, 'skip', '0@100000', '--direct', '--notifier', '--data-dir', dataDir, '--reason', 'x', '--yes') // prettier-ignore
    expect(beyond).toEqual([2, expect.stringContaining('ends at')])
    const place = `0@${offset}`
    const skipped = await cli(NOBODY, 'skip', place, '--direct', '--notifier', '--data-dir', dataDir, '--reason', 'no process survives it', '--yes') // prettier-ignore
    expect(skipped).toEqual([
      0,
      expect.stringContaining(`${place} will be skipped by the next process that runs partition 0`),
    ])

    const second = await App.start('standalone', { dataDir, env })
    await until('the next one is told', async () => (await told(second, 'site/good')).includes('down sent'))
    expect(await told(second, 'site/poison')).toEqual([])
    expect(await skippedLetters(second)).toEqual([
      expect.objectContaining({
        from: place,
        reason: expect.stringMatching(/^skipped by .+: no process survives it$/),
      }),
    ])

    const again = await cli(second.url, 'skip', place, '--notifier', '--reason', 'once more', '--yes')
    expect(again).toEqual([0, expect.stringContaining(`${place} is skipped by`)])
    const late = await cli(second.url, 'skip', '0@0', '--notifier', '--reason', 'applied long ago', '--yes')
    expect(late).toEqual([1, expect.stringContaining('has been applied already')])
    const none = await cli(second.url, 'skip', '7@0', '--notifier', '--reason', 'no such partition', '--yes')
    expect(none).toEqual([4, expect.stringContaining('There is no partition 7')])
    const idle = await cli(second.url, 'acknowledge-source', '--notifier', '--yes')
    expect(idle).toEqual([0, expect.stringContaining('no partition waits')])
    expect(await second.process.stop()).toEqual({ code: 0, signal: null })
  })
})
