import type { Log } from '@quorate/log'
import { openKafkaLog } from '@quorate/log/kafka'
import { describeKafka, sharedBrokers, unique } from '../../../../test/broker'
import { administrate } from '../../../log/kafka/testing/admin'
import { Last, TestDriver } from '../../testing'
import { topologyOf } from '../streams.conformance'

const TOPIC_RESOURCE = 2

jest.setTimeout(60_000)

describeKafka('a topic whose settings somebody changes while the program runs', () => {
  let log: Log
  beforeAll(async () => {
    log = await openKafkaLog({ brokers: sharedBrokers(), clientId: 'drift' })
  })
  afterAll(() => log.close())

  const set = (name: string, settings: Record<string, string>) =>
    administrate([...sharedBrokers()], (admin) =>
      admin.alterConfigs({
        validateOnly: false,
        resources: [
          {
            type: TOPIC_RESOURCE,
            name,
            configEntries: Object.entries(settings).map(([key, value]) => ({ name: key, value })),
          },
        ],
      }),
    )

  it('is named, and the instance is not ready, until it is as it was', async () => {
    const topology = topologyOf(unique('drift'), 1)
    const driver = await TestDriver.open({
      topology,
      processor: () => new Last(),
      log,
      verifyTopicsMs: 50,
      startAt: Date.now(),
    })
    const streams = await driver.start()
    const named = () => streams.conditions.all().map(({ code, subject }) => `${code} ${subject}`)
    const until = async (expected: string[]) => {
      while (named().join() !== expected.join()) await new Promise((done) => setTimeout(done, 20))
    }
    await set(topology.changelog, { 'cleanup.policy': 'delete', 'message.timestamp.type': 'LogAppendTime' })
    await until([`LOG_TOPIC_MISMATCH ${topology.changelog}`])
    expect(streams.conditions.all()[0]!.reason).toMatch(/cleanup.policy of .* is delete, must be compact; mend it with/)
    expect(streams.ready).toBe(false)
    await set(topology.changelog, { 'cleanup.policy': 'compact', 'message.timestamp.type': 'LogAppendTime' })
    await until([])
    expect(streams.ready).toBe(true)

    await set(topology.source, { 'message.timestamp.type': 'CreateTime' })
    await until([`LOG_TOPIC_MISMATCH ${topology.source}`])
    expect(streams.ready).toBe(false)
    await driver.close()
  })
})
