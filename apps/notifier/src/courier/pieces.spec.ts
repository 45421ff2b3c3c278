import fc from 'fast-check'
import { BACKOFF, pause } from './backoff'
import { Circuit } from './circuit'
import { DueHeap } from './due-heap'

describe('the pause after a failure', () => {
  it('has a ceiling that doubles from 5 s to 1 h', () => {
    const ceilings = Array.from({ length: 12 }, (_, i) => pause(BACKOFF, i + 1, () => 1) / 1000)
    expect(ceilings).toEqual([5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600])
  })
  it('is anywhere below it', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5000 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (attempts, random) => {
          const ms = pause(BACKOFF, attempts, () => random)
          return ms >= 0 && ms < Math.min(3_600_000, 5_000 * 2 ** (attempts - 1))
        },
      ),
    )
  })
})

describe('a circuit', () => {
  const failing = (count: number, circuit = new Circuit()) => {
    for (let i = 0; i < count; i++) circuit.failed(0)
    return circuit
  }
  it('opens at the fifth failure in a row where hardly anything succeeded before', () => {
    expect(failing(4)).toMatchObject({ state: 'closed', notBefore: 0 })
    expect(failing(5)).toMatchObject({ state: 'open', notBefore: 5_000 })
  })
  it('opens later at an endpoint that takes a part of what it is sent', () => {
    const circuit = new Circuit()
    for (let i = 0; i < 10; i++) circuit.succeeded(0)
    expect(failing(9, circuit).state).toBe('closed')
    expect(failing(1, circuit).state).toBe('open')
  })
  it('is not held longer by what was under way when it opened', () => expect(failing(12).notBefore).toBe(5_000))
  it('lets one probe go when the pause is over, and waits twice as long when that fails, up to five minutes', () => {
    const circuit = failing(5)
    expect([new Circuit().atOnce(8, 0), circuit.atOnce(8, 0)]).toEqual([8, 1])
    const pauses = Array.from({ length: 8 }, () => {
      const at = circuit.notBefore
      circuit.failed(at)
      return (circuit.notBefore - at) / 1000
    })
    expect(pauses).toEqual([10, 20, 40, 80, 160, 300, 300, 300])
  })
  it('is open for 30 s at most, and lets several go, while the endpoint takes something now and then', () => {
    const circuit = new Circuit()
    circuit.succeeded(0)
    failing(10, circuit)
    expect(circuit.atOnce(8, 0)).toBe(4)
    const pauses = Array.from({ length: 5 }, () => {
      const at = circuit.notBefore
      circuit.failed(at)
      return (circuit.notBefore - at) / 1000
    })
    expect(pauses).toEqual([10, 20, 30, 30, 30])
    const late = 15 * 60_000 + 1
    circuit.failed(late)
    expect([circuit.notBefore - late, circuit.atOnce(8, late)]).toEqual([300_000, 1])
  })
  it('closes with a success, and says so', () => {
    const circuit = failing(5)
    expect([circuit.succeeded(0), circuit.succeeded(0), circuit.state]).toEqual([true, false, 'closed'])
  })
  it('keeps to what the endpoint asked for, open or closed', () => {
    const circuit = new Circuit()
    circuit.throttled(0, 120_000)
    circuit.throttled(0, 60_000)
    expect(circuit).toMatchObject({ state: 'closed', notBefore: 120_000 })
    expect(failing(5, circuit).notBefore).toBe(120_000)
  })
  it('leaves an endpoint alone longer and longer that asks for no pause, or for one in the past', () => {
    const circuit = new Circuit()
    let now = 0
    const pauses = Array.from({ length: 10 }, () => {
      circuit.throttled(now, 0)
      const pause = circuit.notBefore - now
      now = circuit.notBefore
      return pause / 1000
    })
    expect(pauses).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 300])
    circuit.succeeded(now)
    circuit.throttled(now, 0)
    expect(circuit.notBefore - now).toBe(1_000)
  })
})

describe('the pause of a delivery at an endpoint that takes others', () => {
  it('is two minutes at most, for forty attempts', () => {
    const ceilings = Array.from({ length: 42 }, (_, i) => pause(BACKOFF, i + 1, () => 1, true) / 1000)
    expect(ceilings).toEqual([5, 10, 20, 40, 80, ...Array.from({ length: 35 }, () => 120), 3600, 3600])
  })
})

it('a heap answers by due time, then in order of arrival', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(20)), (dues) => {
      const entries = dues.map((dueAt, order) => ({ dueAt, order }))
      const heap = new DueHeap<(typeof entries)[number]>()
      entries.forEach((entry) => heap.push(entry))
      const popped = entries.map(() => heap.pop())
      expect(popped).toEqual([...entries].sort((a, b) => a.dueAt - b.dueAt || a.order - b.order))
      expect(heap.pop()).toBeUndefined()
    }),
  )
})
