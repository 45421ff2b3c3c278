import { header } from '@quorate/log'
import { openEmbeddedLog } from '@quorate/log/embedded'
import { TestDriver, VirtualClock } from '../../testing'
import type { Processor, TaskBatch, TaskContext } from '../context'
import { topologyOf } from '../streams.conformance'
import type { Topology } from '../topology'
import { PunctuationClock } from './punctuation-clock'

/** Each record arms its key `value` ms after its own time; a deadline that log time has reached is forwarded. */
class Deadlines implements Processor {
  process(batch: TaskBatch, context: TaskContext): number {
    const table = context.table('sums')
    for (const record of batch.records) {
      for (let due = table.firstDue(record.timestamp); due; due = table.firstDue(record.timestamp)) {
        context.forward('sums', { key: due.key, value: String(due.due) })
        table.delete(due.key)
      }
      if (record.key === null) continue
      table.put(record.key.toString(), record.value!)
      table.arm(record.key.toString(), record.timestamp + Number(record.value!.toString()))
    }
    return batch.next
  }
  nextDue(context: TaskContext): number | undefined {
    return context.table('sums').firstDue()?.due
  }
  punctuate(_now: number, context: TaskContext): void {
    context.forward('numbers', { key: null, value: null, headers: [['ce_type', 'tick']] })
  }
}

const ticking = (prefix: string): Topology => {
  const topology = topologyOf(prefix, 1)
  return {
    ...topology,
    tables: [{ name: 'sums', dueOf: () => 0 }],
    outputs: { ...topology.outputs, numbers: topology.source },
  }
}

describe('waking in log time', () => {
  it('appends a tick once the earliest deadline is past, and not before', async () => {
    const topology = ticking('wake')
    const driver = await TestDriver.open({ topology, processor: () => new Deadlines() })
    await driver.start()
    await driver.pipe({ key: 'a', value: '5000' }, { key: 'b', value: '9000' })
    await driver.settle()
    driver.clock.advance(4999)
    await driver.settle()
    expect(await driver.read(topology.source)).toHaveLength(2)
    driver.clock.advance(1)
    await driver.task(0).reached(2, 5000)
    const source = await driver.read(topology.source)
    expect(source.map((r) => header(r, 'ce_type'))).toEqual([undefined, undefined, 'tick'])
    expect((await driver.read(topology.outputs.sums!)).map((r) => r.key!.toString())).toEqual(['a'])
    await driver.close()
  })

  it('waits for the difference when the clock of the log is behind', async () => {
    const clock = new VirtualClock()
    const log = await openEmbeddedLog({ memory: true }, { now: () => clock.now() - 300 })
    const topology = ticking('skew')
    const driver = await TestDriver.open({ topology, processor: () => new Deadlines(), log })
    driver.clock.moveTo(clock.now())
    const both = (ms: number): void => (clock.advance(ms), driver.clock.advance(ms))
    await driver.start()
    await driver.pipe({ key: 'a', value: '1000' })
    await driver.settle()
    // Due at 700 by the owner's clock: the first tick comes too early by the log's.
    both(700)
    await driver.task(0).reached(1, 5000)
    expect(await driver.read(topology.outputs.sums!)).toHaveLength(0)
    both(299)
    await driver.settle()
    expect(await driver.read(topology.source)).toHaveLength(2)
    both(1)
    await driver.task(0).reached(2, 5000)
    expect(await driver.read(topology.outputs.sums!)).toHaveLength(1)
    await driver.close()
    await log.close()
  })

  it('does not take a frozen process for a slow log', () => {
    const clock = new PunctuationClock('log')
    clock.punctuated(10, 1_000)
    // The tick was appended at once, and read half a minute later.
    clock.came(1_001, 11)
    expect(clock.in(40_000, 11, 31_000)).toBe(9_000)
  })

  it('sends one tick at a time, and another when it is lost', () => {
    const clock = new PunctuationClock('log')
    clock.punctuated(10, 1_000)
    expect(clock.in(500, 10, 1_100)).toBe(4_900)
    expect(clock.in(500, 10, 6_000)).toBe(0)
  })
})

describe('the wait for a clock of the log that is behind', () => {
  it('is bounded, lest a clock of ours that was wrong for a moment delays what is due for as long', () => {
    const DAY = 86_400_000
    const punctuations = new PunctuationClock('log')
    punctuations.punctuated(0, 2 * DAY)
    punctuations.came(0, 1)
    expect(punctuations.in(5_000, 1, 5_000)).toBe(60_000)
  })
})
