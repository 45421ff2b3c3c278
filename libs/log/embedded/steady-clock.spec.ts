import { openEmbeddedLog } from '.'
import { MOST_JUMP_MS, SteadyClock } from './steady-clock'

const T0 = 1_700_000_000_000
const HOUR = 3_600_000

function host() {
  const told: string[] = []
  const at = { wall: T0, uptime: 5_000 }
  const say = (_fields: object, message: string) => void told.push(message)
  const clock = new SteadyClock({ logger: { error: say, warn: say }, wall: () => at.wall, uptime: () => at.uptime })
  /** So much time passes, and the clock is set by so much besides. */
  const pass = (ms: number, set = 0): number => {
    at.uptime += ms
    at.wall += ms + set
    return clock.now() - T0
  }
  return { told, pass, clock }
}

describe('the clock of an embedded log', () => {
  it('follows the clock of its host: on, back, and ahead by an hour at most', () => {
    const { told, pass } = host()
    expect(pass(1_000)).toBe(1_000)
    expect(pass(0, MOST_JUMP_MS)).toBe(1_000 + MOST_JUMP_MS)
    expect(pass(0, -3 * HOUR)).toBe(1_000 + MOST_JUMP_MS - 3 * HOUR)
    expect(told).toEqual([])
  })

  it('does not follow a jump of more, says so once, and follows again when the clock is right', () => {
    const { told, pass } = host()
    expect(pass(1_000, MOST_JUMP_MS + 1)).toBe(1_000)
    expect(pass(2_000)).toBe(3_000)
    expect(told).toHaveLength(1)
    expect(pass(1_000, -MOST_JUMP_MS - 1)).toBe(4_000)
    expect(told).toEqual([expect.stringContaining('set ahead'), expect.stringContaining('right again')])
  })

  it('takes the sleep of a host for time that has passed', () => {
    const { told, pass } = host()
    expect(pass(8 * HOUR)).toBe(8 * HOUR)
    expect(told).toEqual([])
  })

  it('gives the append times of a log, which stay where they should be', async () => {
    const { pass, clock } = host()
    const log = await openEmbeddedLog({ memory: true }, { now: clock.now })
    await log.ensureTopics([{ name: 't', partitions: 1, cleanupPolicy: 'delete', timestampType: 'LogAppendTime' }])
    const append = () => log.append([{ topic: 't', partition: 0, key: 'k', value: 'v' }])
    pass(1_000, 48 * HOUR)
    await append()
    pass(1_000, -48 * HOUR)
    await append()
    const { records } = await log.reader({ topic: 't', partition: 0, from: 0 }).next()
    expect(records.map(({ timestamp }) => timestamp - T0)).toEqual([1_000, 2_000])
    await log.close()
  })
})
