import { Nonces } from './nonces'

describe('nonces', () => {
  it('are new once within their time, and forgotten after twice that', () => {
    const nonces = new Nonces(100)
    const now = performance.now()
    expect([0, 99, 150, 198].map((ms) => nonces.isNew('a', now + ms))).toEqual([true, false, false, false])
    expect(nonces.isNew('b', now + 199)).toBe(true)
    expect(nonces.isNew('b', now + 299)).toBe(false)
    expect(nonces.isNew('a', now + 400)).toBe(true)
    expect(nonces.isNew('b', now + 700)).toBe(true)
  })

  it('are bounded: the oldest go first', () => {
    const nonces = new Nonces(100_000, 3)
    for (const nonce of 'abcdefg') expect(nonces.isNew(nonce)).toBe(true)
    expect(['g', 'f', 'd'].map((nonce) => nonces.isNew(nonce))).toEqual([false, false, false])
    expect(nonces.isNew('a')).toBe(true)
  })
})
