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
  it('opens at the fifth failure in a row', () => {
    expect(failing(4)).toMatchObject({ state: 'closed', notBefore: 0 })
    expect(failing(5)).toMatchObject({ state: 'open', notBefore: 5_000 })
    const circuit = failing(4)
    circuit.succeeded()
    expect(failing(4, circuit).state).toBe('closed')
  })
  it('is not held longer by what was under way when it opened', () => expect(failing(12).notBefore).toBe(5_000))
  it('lets one probe go when the pause is over, and waits twice as long when that fails, up to five minutes', () => {
    const circuit = failing(5)
    expect([new Circuit().atOnce(8), circuit.atOnce(8)]).toEqual([8, 1])
    const pauses = Array.from({ length: 8 }, () => {
      const at = circuit.notBefore
      circuit.failed(at)
      return (circuit.notBefore - at) / 1000
    })
    expect(pauses).toEqual([10, 20, 40, 80, 160, 300, 300, 300])
  })
  it('closes with a success, and says so', () => {
    const circuit = failing(5)
    expect([circuit.succeeded(), circuit.succeeded(), circuit.state]).toEqual([true, false, 'closed'])
  })
  it('keeps to what the endpoint asked for, open or closed', () => {
    const circuit = new Circuit()
    circuit.throttled(120_000)
    circuit.throttled(60_000)
    expect(circuit).toMatchObject({ state: 'closed', notBefore: 120_000 })
    expect(failing(5, circuit).notBefore).toBe(120_000)
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
