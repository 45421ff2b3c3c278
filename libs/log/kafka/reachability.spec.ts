import { Reachability } from './reachability'

describe('brokers that cannot be reached', () => {
  beforeEach(() => jest.useFakeTimers())
  afterEach(() => jest.useRealTimers())

  it('have a line each when they are gone, at growing intervals, and when they are back', () => {
    const lines: string[] = []
    const note = ({ broker }: { broker?: string }, message: string): void => void lines.push(`${broker}: ${message}`)
    const reach = new Reachability({ debug: note, info: note, warn: note, error: note })
    reach.found('a:1')
    for (let second = 0; second < 100; second++) {
      for (let i = 0; i < 5; i++) reach.lost('a:1', 'connect ECONNREFUSED')
      jest.advanceTimersByTime(1_000)
    }
    // At 0, 10, 30 and 70 s.
    expect(lines).toEqual(Array(4).fill('a:1: a broker cannot be reached; trying again'))
    reach.lost('b:1', 'connect ECONNREFUSED')
    reach.found('a:1')
    reach.found('a:1')
    expect(lines.slice(4)).toEqual([
      'b:1: a broker cannot be reached; trying again',
      'a:1: the broker is reached again',
    ])
  })
})
