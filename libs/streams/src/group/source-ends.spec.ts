import { LogError, type PartitionOffsets, silentLogger } from '@quorate/log'
import { SourceEnds } from './source-ends'

describe('the ends of a source', () => {
  let end: number
  let answer: () => Promise<PartitionOffsets[]>
  let ends: SourceEnds

  beforeEach(() => {
    jest.useFakeTimers()
    end = 10
    answer = () => Promise.resolve([{ partition: 0, start: 0, end }])
    ends = new SourceEnds({ offsets: () => answer() }, 'source', silentLogger)
  })
  afterEach(() => {
    ends.want(false)
    jest.useRealTimers()
  })

  const known = async (): Promise<void> => {
    ends.want(true)
    await jest.advanceTimersByTimeAsync(0)
    expect(ends.get(0)).toBe(10)
  }

  it('are looked up each second while they are wanted', async () => {
    expect(ends.get(0)).toBeUndefined()
    await known()
    end = 20
    await jest.advanceTimersByTimeAsync(1_000)
    expect(ends.get(0)).toBe(20)
  })

  it('are not known once three looks have failed, and known again with the next that does not', async () => {
    await known()
    const answered = answer
    answer = () => Promise.reject(new LogError('LOG_UNAVAILABLE', 'cut off'))
    await jest.advanceTimersByTimeAsync(2_900)
    expect(ends.get(0)).toBe(10)
    await jest.advanceTimersByTimeAsync(200)
    expect(ends.get(0)).toBeUndefined()
    answer = answered
    await jest.advanceTimersByTimeAsync(1_000)
    expect(ends.get(0)).toBe(10)
  })

  it('are not known to a process that was frozen, before any timer of its has run', async () => {
    await known()
    jest.setSystemTime(Date.now() + 3_600_000)
    expect(ends.get(0)).toBeUndefined()
  })

  it('are as old as the question, not as its answer', async () => {
    const answered = answer
    answer = () => new Promise((resolve) => setTimeout(() => resolve(answered()), 3_500))
    ends.want(true)
    await jest.advanceTimersByTimeAsync(3_500)
    expect(ends.get(0)).toBeUndefined()
    answer = answered
    await jest.advanceTimersByTimeAsync(1_000)
    expect(ends.get(0)).toBe(10)
  })
})
