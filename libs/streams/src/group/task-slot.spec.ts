import { openEmbeddedLog } from '@quorate/log/embedded'
import { Last, TestDriver } from '../../testing'
import { topologyOf } from '../streams.conformance'

describe('assignments that change while tasks open and close', () => {
  it('end where the last one says, each partition once, with nothing lost', async () => {
    const log = await openEmbeddedLog({ memory: true })
    const topology = topologyOf('moving', 4)
    const driver = await TestDriver.open({ topology, processor: () => new Last(), log })
    const a = await driver.start('a')
    const keys = Array.from({ length: 200 }, (_, i) => `k${i}`)
    for (let round = 0; round < 8; round++) {
      await driver.pipe(...keys.map((key) => ({ key, value: String(round) })))
      // Not waited for: the next change comes while this one is in flight.
      const starting = driver.start('b')
      await driver.pipe(...keys.map((key) => ({ key, value: `${round}.5` })))
      if (round % 2) await starting
      await driver.stop('b')
      void starting.catch(() => undefined)
    }
    await driver.settle()
    expect(
      a
        .tasks()
        .map(({ partition }) => partition)
        .sort(),
    ).toEqual([0, 1, 2, 3])
    expect(a.standbys()).toEqual([])
    const rows = a.tasks().flatMap((task) => [...task.table('sums').range()].map((row) => row.value.toString()))
    expect(rows).toEqual(keys.map(() => '7.5'))
    await driver.close()
    await log.close()
  }, 30_000)
})
