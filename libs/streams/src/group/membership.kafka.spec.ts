import type { Log } from '@quorate/log'
import { openKafkaLog } from '@quorate/log/kafka'
import { setTimeout as delay } from 'node:timers/promises'
import { describeKafka, sharedBrokers, unique } from '../../../../test/broker'
import { TestDriver } from '../../testing'
import type { Processor, TaskBatch, TaskContext } from '../context'
import type { Topology } from '../topology'
import { topologyOf } from '../streams.conformance'

jest.setTimeout(60_000)

/** The least that a broker takes. */
const SESSION = 6_000

/** No timer, no socket and no promise gets its turn here, as in a process that was stopped. */
const freeze = () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, SESSION + 500)

class Echo implements Processor {
  process(batch: TaskBatch, context: TaskContext): number {
    for (const { key, value } of batch.records) context.forward('sums', { key, value })
    return batch.next
  }
}

describeKafka('a member of a group', () => {
  let log: Log
  beforeAll(async () => {
    log = await openKafkaLog({ brokers: sharedBrokers(), clientId: 'membership' })
  })
  afterAll(() => log.close())

  let topology: Topology
  const driverOf = (slow?: (batch: TaskBatch) => Promise<void>): Promise<TestDriver> =>
    TestDriver.open({
      topology: (topology = topologyOf(unique('member'), 1)),
      processor: () => new Echo(),
      ...(slow
        ? {
            handle: (processor) => async (batch, context) => {
              await slow(batch)
              return processor.process(batch, context)
            },
          }
        : {}),
      log,
      sessionTimeoutMs: SESSION,
    })

  it('keeps its partitions through a batch that takes longer than its session', async () => {
    const driver = await driverOf(() => delay(SESSION + 1_500).then(() => undefined))
    const streams = await driver.start()
    const { generation } = streams.status()
    await driver.pipe({ key: 'k', value: '1' })
    await driver.settle()
    expect(streams.status().generation).toBe(generation)
    expect(streams.task(0)!.owned).toBe(true)
    expect(await driver.readAtLeast(topology.outputs.sums!, 1)).toHaveLength(1)
    await driver.close()
  })

  it('is sure of its group, or not, also with nothing assigned to it', async () => {
    const driver = await driverOf()
    await driver.start('a')
    const idle = await driver.start('b')
    expect([idle.tasks(), idle.ready, idle.sure]).toEqual([[], true, true])
    freeze()
    expect(idle.sure).toBe(false)
    while (!idle.sure) await delay(50)
    await driver.close()
  })

  it('says in its first breath after it was frozen that it may own nothing any more, and joins again', async () => {
    const driver = await driverOf()
    const streams = await driver.start()
    await driver.pipe({ key: 'k', value: '1' })
    await driver.settle()
    const task = streams.task(0)!
    expect(task.owned).toBe(true)
    freeze()
    expect(task.owned).toBe(false)
    await driver.pipe({ key: 'k', value: '2' })
    await driver.settle()
    while (!streams.task(0)?.owned) await delay(50)
    expect((await driver.readAtLeast(topology.outputs.sums!, 2)).map((r) => r.value!.toString())).toEqual(['1', '2'])
    await driver.close()
  })
})
