import { InflationTurns } from './inflation-turns'

describe('turns to inflate', () => {
  it('are given one at a time, in order, and skip those who left', () => {
    const turns = new InflationTurns()
    const told: string[] = []
    const [a, b, c] = ['a', 'b', 'c'].map((name) => turns.take(() => told.push(name)))
    expect([a, b, c].map((turn) => turn!.granted)).toEqual([true, false, false])
    b!.release()
    a!.release()
    expect([c!.granted, told]).toEqual([true, ['a', 'c']])
    c!.release()
    c!.release()
    expect(turns.take(() => undefined).granted).toBe(true)
  })

  it('come although the one before is never given back', async () => {
    const turns = new InflationTurns(20)
    turns.take(() => undefined)
    await new Promise<void>((granted) => void turns.take(granted))
  })
})
