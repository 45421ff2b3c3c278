import { silentLogger } from '@quorate/log'
import { Conditions, type Streams } from '@quorate/streams'
import { streamsCheck } from './streams-reports'

describe('the health of a streams application', () => {
  beforeEach(() => jest.useFakeTimers())
  afterEach(() => jest.useRealTimers())

  it('is not live once the group has not been heard for a minute, and is again when it is', () => {
    const task = {
      partition: 0,
      state: 'running',
      position: 5,
      lag: 0,
      restore: { restored: 0, total: 0 },
    }
    const conditions = new Conditions(silentLogger)
    const streams = { live: true, ready: true, sure: true, conditions, tasks: () => [task], standbys: () => [] }
    const check = streamsCheck('a', streams as unknown as Streams)
    jest.advanceTimersByTime(600_000)
    expect([check.live(), check.details!()]).toEqual([true, expect.objectContaining({ unheard: 0 })])
    streams.sure = false
    jest.advanceTimersByTime(59_000)
    expect(check.live()).toBe(true)
    jest.advanceTimersByTime(2_000)
    expect([check.live(), check.ready()]).toEqual([false, true])
    expect((check.details!() as { unheard: number }).unheard).toBeGreaterThan(60_000)
    streams.sure = true
    expect(check.live()).toBe(true)
  })

  it('tells how far restores are in per cent, and standbys beside them', () => {
    const common = { owned: true, position: 5, lag: 2, restore: { restored: 333, total: 1_000 } }
    const streams = {
      sure: true,
      conditions: new Conditions(silentLogger),
      tasks: () => [{ ...common, partition: 0, state: 'restoring' }],
      standbys: () => [
        { ...common, partition: 1, readable: false },
        { ...common, partition: 2, readable: true },
      ],
    }
    const { details } = streamsCheck('a', streams as unknown as Streams)
    expect(details!()).toMatchObject({
      partitions: [{ partition: 0, restored: 333, total: 1_000, percent: 33 }],
      standbys: [
        { partition: 1, readable: false, restored: 333, percent: 33 },
        { partition: 2, readable: true, lag: 2 },
      ],
    })
  })
})
