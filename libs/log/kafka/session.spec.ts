import { momentNow, Session } from './session'

describe('the session of a member', () => {
  beforeEach(() => {
    jest.useFakeTimers()
  })
  afterEach(() => {
    jest.useRealTimers()
  })

  const joined = (): Session => {
    const session = new Session(6_000)
    session.heard(momentNow())
    session.assign()
    return session
  }

  it('is not current before an assignment', () => {
    const session = new Session(6_000)
    session.heard(momentNow())
    expect(session.current).toBe(false)
  })

  it('ends one timeout after the last answered heartbeat was sent, with no timer of ours', () => {
    const session = joined()
    const sentAt = momentNow()
    jest.advanceTimersByTime(4_000)
    session.heard(sentAt)
    expect(session.current).toBe(true)
    jest.advanceTimersByTime(2_000)
    expect(session.current).toBe(false)
  })

  it('counts the sleep of the machine, which the monotonic clock does not see', () => {
    const session = joined()
    jest.setSystemTime(Date.now() + 6_000)
    expect(session.current).toBe(false)
    session.heard(momentNow())
    expect(session.current).toBe(true)
  })

  it('is not current between a new generation and its assignment', () => {
    const session = joined()
    session.regroup()
    expect(session.current).toBe(false)
    session.assign()
    expect(session.current).toBe(true)
  })
})
