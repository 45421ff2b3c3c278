import { encodeSource, REAPPENDED, type SourceCommand } from '@quorate/contracts'
import { type Log, type LogRecord, partitionOf, type ReaderOptions } from '@quorate/log'
import { type EmbeddedLog, openEmbeddedLog } from '@quorate/log/embedded'
import { stretches } from '../simulate/source-topic'
import { ReshardRefused } from './refusal'
import { tailOf, type TailOptions } from './tail'

const TOPIC = 'old.reports'
const heavy: SourceCommand = { type: 'agent-set', data: { agent: 'a', weight: 3, muted: false } }
const gone: SourceCommand = { type: 'agent-removed', data: { agent: 'a' } }
/** Objects by their old partition. */
const IDS = [0, 1].map((p) => Array.from({ length: 50 }, (_, i) => `o${i}`).filter((id) => partitionOf(id, 2) === p))

describe('the tail of a reshard', () => {
  let log: EmbeddedLog
  /** Append times of a broker whose clock may be set back; that of the embedded log never is. */
  let times: Map<string, number>
  beforeEach(async () => {
    times = new Map()
    log = await openEmbeddedLog({ memory: true })
    await log.ensureTopics([{ name: TOPIC, partitions: 2, cleanupPolicy: 'delete', timestampType: 'LogAppendTime' }])
  })
  afterEach(() => log.close())

  const put = async (at: number, partition: number, command: SourceCommand, ...more: (readonly [string, string])[]) => {
    const { key, value, headers } = encodeSource(command)
    const [position] = await log.append([{ topic: TOPIC, partition, key, value, headers: [...headers, ...more] }])
    times.set(`${partition}@${position!.offset}`, at)
  }
  const reader = (options: ReaderOptions) => {
    const below = log.reader(options)
    const timed = (record: LogRecord) => ({ ...record, timestamp: times.get(`${options.partition}@${record.offset}`)! })
    const next = async () => {
      const batch = await below.next()
      return { ...batch, records: batch.records.map(timed) }
    }
    return {
      get position() {
        return below.position
      },
      ...{ next, close: () => below.close() },
    }
  }
  const report = (partition: number, nth: number): SourceCommand => ({
    ...{ type: 'report', object: IDS[partition]![nth]!, data: { agent: 'a', state: 'up' } },
  })
  const tail = async (partitions: number, more: Partial<TailOptions> = {}) => {
    const options = { topic: 'new.reports', partitions, isGrown: false, isRepeat: () => false, ...more }
    const records = await tailOf({ reader } as unknown as Log, await stretches(log, TOPIC), options)
    return records.map(
      ({ key, partition, headers = [] }) => `${key?.toString() ?? String(headers[0]![1])} ${partition}`,
    )
  }

  it('keeps the order of each partition if its clock was set back', async () => {
    await put(100, 0, report(0, 0))
    await put(50, 0, report(0, 1))
    await put(70, 1, report(1, 0))
    await put(120, 1, report(1, 1))
    expect(await tail(1)).toEqual([IDS[1]![0], IDS[0]![0], IDS[0]![1], IDS[1]![1]].map((id) => `${id} 0`))
  })

  it('puts a broadcast once into every partition, after everything that preceded it in any', async () => {
    await put(10, 0, gone)
    await put(11, 0, report(0, 0))
    await put(12, 1, report(1, 0))
    await put(13, 1, gone)
    const placed = (id: string) => `${id} ${partitionOf(id, 3)}`
    expect(await tail(3)).toEqual([
      placed(IDS[1]![0]!),
      ...[0, 1, 2].map((p) => `agent-removed ${p}`),
      placed(IDS[0]![0]!),
    ])
  })

  it.each([
    ['applied', []],
    ['had others', [heavy]],
  ])('is refused if a partition has %s what another has pending', async (_, others) => {
    for (const command of others) await put(9, 0, command)
    await put(10, 0, report(0, 0))
    await put(10, 1, gone)
    await expect(tail(3)).rejects.toThrow(ReshardRefused)
    await expect(tail(3)).rejects.toThrow(`(pending: ${others.length} in partition 0, 1 in partition 1)`)
  })

  it('leaves out settings that one partition was given again, and requests that were applied', async () => {
    await put(10, 0, heavy, [REAPPENDED, '1'])
    await put(11, 0, report(0, 0))
    await put(12, 0, report(0, 1))
    await put(13, 1, { type: 'tick' })
    expect(await tail(1, { isRepeat: ({ offset }) => offset === 1 })).toEqual([`${IDS[0]![1]} 0`])
  })

  it('of a source that has grown includes the broadcasts that the added partitions never had', async () => {
    await put(10, 0, heavy)
    await put(11, 0, report(0, 0))
    await put(12, 0, gone)
    await put(13, 1, report(1, 0))
    const all = ['agent-set 0', `${IDS[0]![0]} 0`, 'agent-removed 0', `${IDS[1]![0]} 0`]
    expect(await tail(1, { isGrown: true })).toEqual(all)
  })
})
