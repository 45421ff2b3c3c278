import { type Log, LogError, type LogErrorCode, type Transaction } from '@quorate/log'
import { openEmbeddedLog } from '@quorate/log/embedded'
import { TestDriver } from '../testing'
import type { Processor, TaskBatch, TaskContext } from './context'
import { topologyOf } from './streams.conformance'

class Sum implements Processor {
  process(batch: TaskBatch, context: TaskContext): number {
    for (const record of batch.records) {
      const sum = Number(context.table('sums').get('all')?.toString() ?? 0) + Number(record.value!.toString())
      context.table('sums').put('all', Buffer.from(String(sum)))
      context.forward('sums', { key: 'all', value: String(sum) })
    }
    return batch.next
  }
}

/** A log whose next commit fails with `code`, before or after it was done. */
function failing(log: Log, fault: { code?: LogErrorCode; done?: boolean }): Log {
  return new Proxy(log, {
    get(target, name, receiver) {
      const value: unknown = Reflect.get(target, name, receiver)
      if (name !== 'fence') return typeof value === 'function' ? (value as () => unknown).bind(target) : value
      return async (id: string) => {
        const transactor = await target.fence(id)
        const commit = async (transaction: Transaction) => {
          const { code } = fault
          if (code === undefined) return transactor.commit(transaction)
          delete fault.code
          if (fault.done) await transactor.commit(transaction)
          throw new LogError(code, 'on purpose')
        }
        return { id, commit, close: () => transactor.close() }
      }
    },
  })
}

describe('a commit that fails', () => {
  it.each([
    ['LOG_UNAVAILABLE', false],
    ['LOG_STALE_MEMBER', false],
    ['LOG_OUTCOME_UNKNOWN', false],
    ['LOG_OUTCOME_UNKNOWN', true],
    ['LOG_FENCED', false],
  ] as const)('with %s (done: %s) is told from the truth in the log, and repeats nothing', async (code, done) => {
    const fault: { code?: LogErrorCode; done: boolean } = { done }
    const log = failing(await openEmbeddedLog({ memory: true }), fault)
    const topology = topologyOf('outcome', 1)
    const driver = await TestDriver.open({ topology, processor: () => new Sum(), log })
    await driver.start()
    await driver.pipe({ key: 'k', value: '1' })
    await driver.settle()
    fault.code = code
    await driver.pipe({ key: 'k', value: '1' })
    await driver.settle()
    await driver.pipe({ key: 'k', value: '1' })
    await driver.settle()
    expect((await driver.read(topology.outputs.sums!)).map((r) => r.value!.toString())).toEqual(['1', '2', '3'])
    expect(driver.task(0).table('sums').get('all')?.toString()).toBe('3')
    await driver.close()
    await log.close()
  })
})
