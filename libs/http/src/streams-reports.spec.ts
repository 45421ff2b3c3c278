import type { Streams } from '@quorate/streams'
import { streamsCheck } from './streams-reports'

describe('the health of a streams application', () => {
  beforeEach(() => jest.useFakeTimers())
  afterEach(() => jest.useRealTimers())

  it('is not live once the group has not been heard for a minute, and is again when it is', () => {
    const task = {
      partition: 0,
      owned: true,
      state: 'running',
      position: 5,
      lag: 0,
      restore: { restored: 0, total: 0 },
    }
    const check = streamsCheck('a', { live: true, ready: true, tasks: () => [task] } as unknown as Streams)
    jest.advanceTimersByTime(600_000)
    expect([check.live(), check.details!()]).toEqual([true, expect.objectContaining({ unheard: 0 })])
    task.owned = false
    jest.advanceTimersByTime(59_000)
    expect(check.live()).toBe(true)
    jest.advanceTimersByTime(2_000)
    expect([check.live(), check.ready()]).toEqual([false, true])
    expect((check.details!() as { unheard: number }).unheard).toBeGreaterThan(60_000)
    task.owned = true
    expect(check.live()).toBe(true)
  })
})
