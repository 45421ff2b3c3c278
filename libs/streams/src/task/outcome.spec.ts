import { type Log, LogError, type LogErrorCode, type Transaction } from '@quorate/log'
import { openEmbeddedLog } from '@quorate/log/embedded'
import { type PartitionStores, sqliteStores } from '@quorate/state-store'
import { TestDriver } from '../../testing'
import type { Processor, TaskBatch, TaskContext } from '../context'
import { topologyOf } from '../streams.conformance'

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

  it.each([
    ['LOG_OUTCOME_UNKNOWN', false],
    ['LOG_OUTCOME_UNKNOWN', true],
    ['LOG_UNAVAILABLE', false],
  ] as const)('with %s (done: %s) does submitted work once, and answers what it answered', async (code, done) => {
    const fault: { code?: LogErrorCode; done: boolean } = { done }
    const log = failing(await openEmbeddedLog({ memory: true }), fault)
    const topology = topologyOf('submitted', 1)
    const driver = await TestDriver.open({ topology, processor: () => new Sum(), log })
    const task = (await driver.start()).task(0)!
    let n = 0
    const add = (context: TaskContext): string => {
      const table = context.table('sums')
      table.put('all', Buffer.from(String(Number(table.get('all')?.toString() ?? 0) + 1)))
      return `${table.get('all')!.toString()} by try ${++n}`
    }
    expect(await task.submit(add)).toBe('1 by try 1')
    fault.code = code
    const answers = await Promise.all([task.submit(add), task.submit(add)])
    expect(answers).toEqual(done ? ['2 by try 2', '3 by try 3'] : ['2 by try 4', '3 by try 5'])
    expect(await task.submit((context) => context.table('sums').get('all')?.toString())).toBe('3')
    await driver.close()
    await log.close()
  })

  it('behind the log, in the local store, does submitted work once', async () => {
    const topology = topologyOf('unapplied', 1)
    let isFull = false
    const stores: PartitionStores = {
      ...sqliteStores,
      open: (options) => {
        const store = sqliteStores.open(options)
        const apply = store.apply.bind(store)
        store.apply = (...step) => {
          if (!isFull) return apply(...step)
          isFull = false
          throw new Error('no room')
        }
        return store
      },
    }
    const driver = await TestDriver.open({ topology, processor: () => new Sum(), stores })
    const task = (await driver.start()).task(0)!
    let tries = 0
    const answer = await task.submit((context) => {
      tries++
      context.table('sums').put('k', Buffer.from(String(tries)))
      // What is written to the file fails, once.
      isFull = tries === 1
      return `try ${tries}`
    })
    expect(answer).toBe('try 1')
    expect(task.table('sums').get('k')?.toString()).toBe('1')
    await driver.close()
  })
})
