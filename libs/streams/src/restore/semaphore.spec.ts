import { Semaphore } from './semaphore'

describe('a semaphore', () => {
  const always = new AbortController().signal
  const held = (): { done: Promise<void>; finish: () => void } => {
    let finish!: () => void
    const done = new Promise<void>((resolve) => (finish = resolve))
    return { done, finish }
  }

  it('lets so many in at once, and the others in their order', async () => {
    const places = new Semaphore(2)
    const order: number[] = []
    const works = Array.from({ length: 4 }, held)
    const runs = works.map(({ done }, i) => places.run(() => (order.push(i), done), always))
    expect(order).toEqual([0, 1])
    works[1]!.finish()
    await runs[1]
    expect(order).toEqual([0, 1, 2])
    for (const { finish } of works) finish()
    await Promise.all(runs)
    expect(order).toEqual([0, 1, 2, 3])
  })

  it('does not keep who is aborted while it waits, and gives its turn to the next', async () => {
    const places = new Semaphore(1)
    const first = held()
    const running = places.run(() => first.done, always)
    const leaving = new AbortController()
    const begun: string[] = []
    const second = places.run(() => Promise.resolve(begun.push('second')), leaving.signal)
    const third = places.run(() => Promise.resolve(begun.push('third')), always)
    leaving.abort()
    await expect(second).rejects.toMatchObject({ name: 'AbortError' })
    first.finish()
    await Promise.all([running, third])
    expect(begun).toEqual(['third'])
  })

  it('does not begin what is aborted already', async () => {
    const places = new Semaphore(1)
    await expect(places.run(() => Promise.resolve('begun'), AbortSignal.abort())).rejects.toThrow(/aborted/)
    await expect(places.run(() => Promise.resolve('next'), always)).resolves.toBe('next')
  })
})
