import { describeOwnKafka, startBroker, unique, type BrokerCluster } from '../../../test/broker'
import { readTo, records } from '../testing'
import { refusal } from '../testing/subject'
import { openKafkaLog, type KafkaLogOptions } from '.'

const USERNAME = 'quorate'
const PASSWORD = 'a-secret-nobody-may-read'

describeOwnKafka('TLS and log-ins', () => {
  let broker: BrokerCluster
  const lines: string[] = []
  const note = (fields: object, message: string) => void lines.push(`${message} ${JSON.stringify(fields)}`)
  const open = (options: Partial<KafkaLogOptions>) =>
    openKafkaLog({
      brokers: broker.brokers,
      clientId: 'spec',
      ssl: { ca: broker.certificate },
      logger: { debug: note, info: note, warn: note, error: note },
      retryTimeoutMs: 3000,
      ...options,
    })

  beforeAll(async () => {
    broker = await startBroker({ tls: true, sasl: { username: USERNAME, password: PASSWORD } })
  }, 120_000)
  afterAll(async () => {
    await broker?.stop()
  })

  it.each(['plain', 'scram-sha-256', 'scram-sha-512'] as const)('let in who logs in by %s', async (mechanism) => {
    const log = await open({ sasl: { mechanism, username: USERNAME, password: PASSWORD } })
    const topic = unique('topic')
    await log.ensureTopics([{ name: topic, partitions: 1, cleanupPolicy: 'delete', timestampType: 'CreateTime' }])
    await (await log.fence(unique('id'))).commit({ records: records(topic, 0, [1, 2]) })
    expect(await readTo(log, topic, 0)).toHaveLength(2)
    await log.close()
  })

  it('turn away a wrong password, whoever asks, and keep it to themselves', async () => {
    const sasl = { mechanism: 'plain', username: USERNAME, password: `not ${PASSWORD}` } as const
    const error = await refusal(open({ sasl }), 'LOG_UNAUTHORIZED')
    expect(error.action).toBe('restart')
    expect(`${error.message} ${error.stack} ${lines.join('\n')}`).not.toContain(PASSWORD)
  })

  it('turn away who trusts another certificate', async () => {
    const sasl = { mechanism: 'plain', username: USERNAME, password: PASSWORD } as const
    const error = await refusal(open({ ssl: true, sasl }), 'LOG_UNAVAILABLE')
    expect(error.message).toContain('certificate')
  })
})
