import { LogError, type OutRecord, silentLogger } from '@quorate/log'
import { type EmbeddedLog, openEmbeddedLog } from '@quorate/log/embedded'
import { type HangingLog, hangingLog } from '../../testing'
import { Broadcaster } from './broadcaster'

const TOPIC = { name: 'source', partitions: 2, cleanupPolicy: 'delete', timestampType: 'LogAppendTime' } as const
const ID = 'group.broadcast'

describe('the writer of broadcasts', () => {
  let embedded: EmbeddedLog
  let faults: HangingLog
  let writer: Broadcaster
  let sure: boolean

  beforeEach(async () => {
    sure = true
    embedded = await openEmbeddedLog({ memory: true })
    await embedded.ensureTopics([TOPIC])
    faults = hangingLog(embedded)
    const { log } = faults
    writer = new Broadcaster({ log, logger: silentLogger, id: ID, topic: TOPIC.name, current: () => sure })
  })
  afterEach(async () => {
    writer.close()
    await faults.release()
    await embedded.close()
  })

  const record = (value: string): Pick<OutRecord, 'key' | 'value'> => ({ key: null, value })
  const written = async (value: string): Promise<number> => (await writer.write(record(value), 2)).length
  const fencedOnce = async (): Promise<void> => {
    writer.hold(true)
    expect(await written('first')).toBe(2)
    faults.failCommit(new LogError('LOG_FENCED', ID))
    await expect(written('second')).rejects.toMatchObject({ code: 'LOG_OUTCOME_UNKNOWN' })
    await expect(written('third')).rejects.toMatchObject({ code: 'STREAMS_NOT_OWNER' })
  }

  it('writes again after it was fenced, when no other owner came', async () => {
    await fencedOnce()
    const fencing = faults.hang('fence', ID)
    await fencing
    await faults.release()
    expect(await written('fourth')).toBe(2)
  })

  it('does not fence anew once partition 0 is another’s', async () => {
    await fencedOnce()
    let fenced = false
    void faults.hang('fence', ID).then(() => (fenced = true))
    writer.hold(false)
    await passed(1_100)
    expect(fenced).toBe(false)
  })

  it('does not fence anew before its group counts on it again', async () => {
    await fencedOnce()
    let fenced = false
    const fencing = faults.hang('fence', ID).then(() => (fenced = true))
    sure = false
    await passed(1_100)
    expect(fenced).toBe(false)
    sure = true
    await fencing
  })
})

/** What must not happen cannot be awaited: so long it does not. */
const passed = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
