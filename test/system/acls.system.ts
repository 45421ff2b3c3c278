import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { topicNames } from '@quorate/contracts'
import { LogError } from '@quorate/log'
import { openKafkaLog } from '@quorate/log/kafka'
import { aggregatorTopology } from '@quorate/engine/core'
import { notifierTopology } from '../../apps/notifier/src/topology'
import { type BrokerCluster, describeOwnKafka, kafkaTool, startBroker } from '../broker'
import { App, ROOT, temporaryFolder } from './harness'
import { endAll } from './process'
import { until } from './until'
import { WebhookReceiver } from './webhook-receiver'

const USERS = { 'quorate-aggregator': 'one', 'quorate-notifier': 'two', 'quorate-agent': 'three' } as const
const PARTITIONS = 4

/** The commands of docs/operations.md as argument lists, without the brokers. */
function documentedAcls(): string[][] {
  const text = readFileSync(join(ROOT, 'docs/operations.md'), 'utf8').replaceAll('\\\n', ' ')
  const commands = text.split('\n').filter((line) => line.startsWith('kafka-acls.sh '))
  return commands.map((line) =>
    line
      .split(/\s+/)
      .slice(1)
      .filter((word) => word !== '--bootstrap-server' && word !== '…'),
  )
}

/** In the format that a test's broker accepts (RFC 7515, appendix A.5). */
function unsecuredToken(sub: string): string {
  const now = Math.floor(Date.now() / 1000)
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${part({ alg: 'none' })}.${part({ sub, iat: now, exp: now + 600 })}.`
}

/** A broker that allows exactly what docs/operations.md lists. */
describeOwnKafka('the permissions that docs/operations.md lists', () => {
  const folder = temporaryFolder('acls')
  let kafka: BrokerCluster
  let receiver: WebhookReceiver
  let aggregator: App
  let notifier: App

  const logIn = (user: keyof typeof USERS) => ({
    KAFKA_BROKERS: kafka.brokers.join(','),
    KAFKA_SASL_MECHANISM: 'plain',
    KAFKA_SASL_USERNAME: user,
    KAFKA_SASL_PASSWORD: USERS[user],
    QUORATE_REPLICATION: '1',
    QUORATE_PARTITIONS: String(PARTITIONS),
  })

  beforeAll(async () => {
    receiver = await WebhookReceiver.start()
    const sasl = { username: 'nobody', password: 'nothing' }
    kafka = await startBroker({ sasl, users: USERS, authorizer: true })
    const creating = await openKafkaLog({ brokers: [kafka.inside], clientId: 'operator' })
    const options = { prefix: 'quorate', partitions: PARTITIONS }
    const specs = [
      ...aggregatorTopology({ ...options, applicationId: 'aggregator' }).topics,
      ...notifierTopology({ ...options, applicationId: 'notifier' }).topics,
    ]
    await creating.ensureTopics([...new Map(specs.map((spec) => [spec.name, spec])).values()], { replication: 1 })
    await creating.close()
    const acls = documentedAcls()
    expect(acls.length).toBeGreaterThan(6)
    for (const args of acls)
      await kafkaTool('org.apache.kafka.tools.AclCommand', ['--bootstrap-server', kafka.inside, ...args])
  }, 240_000)
  afterAll(async () => {
    await endAll()
    await kafka?.stop()
    await receiver?.close()
    folder.remove()
  }, 60_000)

  it('are enough for an aggregator: it decides, responds and streams', async () => {
    aggregator = await App.start('aggregator', {
      dataDir: `${folder.path}/aggregator`,
      env: logIn('quorate-aggregator'),
    })
    const { client } = aggregator
    await client.putPolicy('long', { match: '**', ttl: 3_600 })
    await client.report('site/x', 'a', { state: 'down' }, { wait: 10 })
    expect((await client.get('site/x')).view.state).toBe('down')
    const response = await fetch(`${aggregator.url}/v1/states/stream`, { signal: AbortSignal.timeout(10_000) })
    const reader = response.body!.getReader()
    let text = ''
    while (!text.includes('event: sync')) text += Buffer.from((await reader.read()).value).toString()
    expect(text).toContain('site/x')
    await reader.cancel()
  }, 60_000)

  it('are enough for a notifier: it notifies', async () => {
    const env = { ...logIn('quorate-notifier'), ...receiver.settings }
    notifier = await App.start('notifier', { dataDir: `${folder.path}/notifier`, env })
    await receiver.told('site/x', 'down')
  }, 60_000)

  it('are enough for an agent to report, and for nothing else', async () => {
    const sasl = { mechanism: 'plain', username: 'quorate-agent', password: USERS['quorate-agent'] } as const
    const log = await openKafkaLog({ brokers: kafka.brokers, clientId: 'agent', sasl, retryTimeoutMs: 3_000 })
    const { reports, states } = topicNames('quorate')
    const value = JSON.stringify({ agent: 'b', state: 'down' })
    for (let partition = 0; partition < PARTITIONS; partition++)
      await log.append([{ topic: reports, partition, key: 'site/y', value }])
    await until('it is applied', async () => (await aggregator.client.get('site/y')).view.state === 'down')
    await receiver.told('site/y', 'down')
    for (const topic of [reports, states]) {
      const reader = log.reader({ topic, partition: 0, from: 0 })
      const refused = await until('it is refused', () =>
        reader.next().then(
          () => false as const,
          (error: unknown) => error as LogError,
        ),
      )
      expect(refused.code).toBe('LOG_UNAUTHORIZED')
      reader.close()
    }
    await log.close()
  }, 60_000)

  it.each(['file', 'endpoint'])(
    'hold for an instance that logs in with a token from: %s',
    async (of) => {
      const file = `${folder.path}/token`
      writeFileSync(file, unsecuredToken('quorate-aggregator'))
      const asked: string[] = []
      const endpoint = createServer((request, response) => {
        asked.push(request.headers.authorization!)
        const answer = { access_token: unsecuredToken('quorate-aggregator'), token_type: 'Bearer', expires_in: 600 }
        response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
      })
      await new Promise<void>((resolve) => endpoint.listen(0, '127.0.0.1', resolve))
      const url = `http://127.0.0.1:${(endpoint.address() as AddressInfo).port}/token`
      const { KAFKA_SASL_USERNAME, KAFKA_SASL_PASSWORD, ...env } = logIn('quorate-aggregator')
      const token =
        of === 'file'
          ? { KAFKA_SASL_TOKEN_PATH: file }
          : { KAFKA_SASL_TOKEN_URL: url, KAFKA_SASL_USERNAME, KAFKA_SASL_PASSWORD }
      const app = await App.start('aggregator', {
        dataDir: `${folder.path}/by-${of}`,
        env: { ...env, ...token, KAFKA_SASL_MECHANISM: 'oauthbearer' },
      })
      await until('it finds what was decided', async () => (await app.client.get('site/x')).view.state === 'down')
      expect(await app.process.stop()).toEqual({ code: 0, signal: null })
      const basic = Buffer.from(`${KAFKA_SASL_USERNAME}:${KAFKA_SASL_PASSWORD}`).toString('base64')
      expect(new Set(asked)).toEqual(new Set(of === 'file' ? [] : [`Basic ${basic}`]))
      await new Promise((resolve) => endpoint.close(resolve))
    },
    60_000,
  )

  it('are complete: no request was refused', () => {
    for (const app of [aggregator, notifier])
      expect(app.process.stderr.filter((line) => /AUTHORIZATION|UNAUTHORIZED/i.test(line))).toEqual([])
  })
})
