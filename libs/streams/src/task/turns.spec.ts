import { TestDriver } from '../../testing'
import type { Processor, TaskBatch, TaskContext } from '../context'
import { topologyOf } from '../streams.conformance'

/** Forwards every record, and stops where it is asked to. */
class Copy implements Processor {
  turns = 0
  commits = 0
  process({ records, next }: TaskBatch, context: TaskContext): number {
    this.turns++
    for (const [i, { key, value }] of records.entries()) {
      context.forward('sums', { key, value })
      if (context.full && i + 1 < records.length) return records[i + 1]!.offset
    }
    return next
  }
  flush(): void {
    this.commits++
  }
}

const numbers = Array.from({ length: 100 }, (_, i) => ({ key: 'a', value: String(i) }))

async function copied(limits: { turnMs: number; workMs: number }): Promise<Copy> {
  const topology = topologyOf('turns', 1)
  const processor = new Copy()
  const driver = await TestDriver.open({ topology, processor: () => processor, limits })
  await driver.pipe(...numbers)
  await driver.start()
  await driver.settle()
  expect((await driver.read(topology.outputs.sums!)).map((r) => r.value!.toString())).toEqual(
    numbers.map(({ value }) => value),
  )
  await driver.close()
  return processor
}

describe('a batch that takes long', () => {
  it('leaves the event loop to others again and again, and is committed once', async () => {
    const { turns, commits } = await copied({ turnMs: 0, workMs: Infinity })
    expect(turns).toBeGreaterThan(5)
    expect(commits).toBe(1)
  })

  it('is sealed at the end of a turn once it has had its time', async () => {
    const { turns, commits } = await copied({ turnMs: 0, workMs: 0 })
    expect(commits).toBe(turns)
    expect(turns).toBeGreaterThan(5)
  })
})
