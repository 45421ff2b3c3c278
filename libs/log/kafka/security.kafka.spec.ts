import { describeOwnKafka, startBroker, unique, type BrokerCluster } from '../../../test/broker'
import { readTo, records } from '../testing'
import { RecordingMember } from '../testing/group-member'
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
    // Connections log in for 11 s; 10 s before the end they are taken for expired, and the broker cuts those that go on
    // all the same.
    broker = await startBroker({
      tls: true,
      sasl: { username: USERNAME, password: PASSWORD },
      config: { 'connections.max.reauth.ms': 11_000 },
    })
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

  const base64 = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  /** An unsecured JWS, as the broker of a test takes it. */
  const token = (seconds: number) => {
    const now = Date.now() / 1000
    return `${base64({ alg: 'none' })}.${base64({ sub: USERNAME, iat: now, exp: now + seconds })}.`
  }

  it('let in who brings a bearer token, and ask for the next before it has expired', async () => {
    let given = 0
    const oauthBearerProvider = () => {
      given++
      return Promise.resolve({ value: token(12) })
    }
    const log = await open({ sasl: { mechanism: 'oauthbearer', oauthBearerProvider } })
    const topic = unique('topic')
    await log.ensureTopics([{ name: topic, partitions: 1, cleanupPolicy: 'delete', timestampType: 'CreateTime' }])
    const before = given
    let n = 0
    for (const end = Date.now() + 6_000; Date.now() < end; n++) await log.append(records(topic, 0, [n]))
    expect(given).toBeGreaterThan(before)
    expect(await readTo(log, topic, 0)).toHaveLength(n)
    await log.close()
  }, 30_000)

  it('turn away who brings an expired token', async () => {
    const oauthBearerProvider = () => Promise.resolve({ value: token(-60) })
    await refusal(open({ sasl: { mechanism: 'oauthbearer', oauthBearerProvider } }), 'LOG_UNAUTHORIZED')
  })

  it('may expire while records flow: nothing is lost or doubled, and nobody notices', async () => {
    const log = await open({ sasl: { mechanism: 'scram-sha-256', username: USERNAME, password: PASSWORD } })
    const topic = unique('topic')
    const group = unique('group')
    await log.ensureTopics([{ name: topic, partitions: 1, cleanupPolicy: 'delete', timestampType: 'CreateTime' }])
    const member = await (await RecordingMember.join(log, group, topic, 'a')).has(0)
    const transactor = await log.fence(unique('id'))
    const reader = log.reader({ topic, partition: 0, from: 0 })
    const seen: string[] = []
    const written: string[] = []
    for (const end = Date.now() + 13_000; Date.now() < end;) {
      const [appended, committed] = [`${written.length}`, `${written.length + 1}`]
      await log.append(records(topic, 0, [appended]))
      await transactor.commit({ records: records(topic, 0, [committed]) })
      written.push(appended, committed)
      while (seen.length < written.length)
        for (const { value } of (await reader.next()).records) seen.push(value!.toString())
    }
    expect(seen).toEqual(written)
    expect([member.assignments.length, member.lost]).toEqual([1, 0])
    await log.close()
  }, 60_000)

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
