import { type BrokerCluster, describeOwnKafka, startBroker } from '../broker'
import { freePorts } from '../broker/ports'
import { composeFile, interpolated, logInProperties } from '../deploy/compose-file'
import { openKafkaLog } from '@quorate/log/kafka'
import { audited } from './auditing'
import { App, temporaryFolder } from './harness'
import { endAll } from './process'
import { until } from './until'
import { WebhookReceiver } from './webhook-receiver'

const SECRETS = {
  QUORATE_API_KEY: 'the-operators-key',
  QUORATE_CLUSTER_SECRET: 'the-instances-secret',
  KAFKA_PASSWORD: 'the-password-of-quorate',
  KAFKA_BROKER_PASSWORD: 'the-password-of-brokers',
}

/** The brokers' logins as in the file; a test's listeners have names of their own. */
function logIns(): Record<string, string> {
  const { environment = {} } = composeFile().services['kafka-1']!
  const properties = Object.entries(logInProperties(interpolated(environment, SECRETS)))
  const renamed = (text: string) =>
    text
      .replaceAll('INSIDE:', 'BROKERS:')
      .replaceAll('OUTSIDE:', 'CLIENTS:')
      .replace('name.inside', 'name.brokers')
      .replace('name.outside', 'name.clients')
  return Object.fromEntries(properties.map(([name, value]) => [renamed(name), renamed(value)]))
}

/** What docker-compose.yml runs, with its own settings, as processes: host names become ports of this machine. */
describeOwnKafka('the topology of docker-compose.yml, as processes', () => {
  const folder = temporaryFolder('compose')
  const apps = new Map<string, App>()
  let kafka: BrokerCluster
  let receiver: WebhookReceiver

  beforeAll(async () => {
    receiver = await WebhookReceiver.start()
    kafka = await startBroker({ nodes: 3, config: logIns() })
    const services = Object.entries(composeFile().services).filter(([, it]) => it.image.startsWith('quorate:'))
    const ports = await freePorts(services.length)
    const started = services.map(async ([name, { environment = {}, command }], i) => {
      const { KAFKA_BROKERS: brokers, QUORATE_ADVERTISED_URL: url, ...env } = interpolated(environment, SECRETS)
      const app = /dist\/apps\/(aggregator|notifier)\//.exec(command!.at(-1)!)![1] as 'aggregator' | 'notifier'
      const running = await App.start(app, {
        dataDir: `${folder.path}/${name}`,
        port: ports[i]!,
        apiKey: env['QUORATE_API_KEY']!,
        env: {
          ...env,
          ...(app === 'notifier' ? receiver.settings : {}),
          KAFKA_BROKERS: brokers!.replace(/kafka-(\d):9092/g, (_, id: string) => kafka.brokers[Number(id) - 1]!),
          QUORATE_ADVERTISED_URL: url!.replace(/\/\/.*/, `//127.0.0.1:${ports[i]!}`),
        },
      })
      apps.set(name, running)
    })
    await Promise.all(started)
  }, 240_000)
  afterAll(async () => {
    await endAll()
    await kafka?.stop()
    await receiver?.close()
    folder.remove()
  }, 60_000)

  const client = (name: string) => apps.get(name)!.client

  it('has brokers that refuse clients without a login', async () => {
    for (const sasl of [undefined, { mechanism: 'plain', username: 'quorate', password: 'another' }] as const) {
      const log = openKafkaLog({
        brokers: kafka.brokers,
        clientId: 'nobody',
        retryTimeoutMs: 3_000,
        ...(sasl && { sasl }),
      })
      await expect(log.then((it) => it.describeTopic('quorate.reports'))).rejects.toThrow(/LOG_|log-in|refuse|reach/i)
    }
  })

  it('refuses requests without the key', async () => {
    const answer = await apps.get('aggregator-1')!.call('GET', '/v1/cluster')
    expect([answer.status, answer.json.code]).toEqual([401, 'unauthenticated'])
  })

  it('decides, responds at both aggregators, and one of two notifiers notifies', async () => {
    for (const agent of ['a', 'b', 'c'])
      await client('aggregator-1').report('site/x', agent, { state: 'down' }, { wait: 10 })
    for (const name of ['aggregator-1', 'aggregator-2'])
      expect((await client(name).get('site/x')).view).toMatchObject({ state: 'down', participants: 3 })
    await receiver.told('site/x', 'down')
    const { members } = (await client('aggregator-2').cluster()) as { members: { reachable: boolean }[] }
    expect(members.map(({ reachable }) => reachable)).toEqual([true, true])
  })

  it('continues without one broker', async () => {
    await kafka.kill(2)
    await until(
      'a report is applied on two brokers',
      () => client('aggregator-2').report('site/y', 'a', { state: 'down' }, { wait: 10 }),
      60_000,
    )
    await receiver.told('site/y', 'down', 60_000)
    await kafka.restart(2)
  }, 180_000)

  it('continues without one aggregator and one notifier, and notifies nobody twice', async () => {
    await Promise.all([apps.get('aggregator-1')!.crash(), apps.get('notifier-1')!.crash()])
    for (let i = 0; i < 8; i++) {
      await until(
        `takeover/${i} is decided`,
        () => client('aggregator-2').report(`takeover/${i}`, 'a', { state: 'down' }, { wait: 10 }),
        60_000,
      )
      await receiver.told(`takeover/${i}`, 'down', 60_000)
    }
    const changes = new Map<string, Set<string>>()
    for (const { id, object, version } of receiver.deliveries) {
      const change = `${object} ${version}`
      changes.set(change, (changes.get(change) ?? new Set()).add(id))
    }
    expect([...changes.values()].filter((ids) => ids.size > 1)).toEqual([])
    expect(receiver.forged).toEqual([])
  }, 180_000)

  it('still matches the source after all of that', async () => {
    // The prefix is the default: the file names none.
    const env = {
      KAFKA_SASL_MECHANISM: 'plain',
      KAFKA_SASL_USERNAME: 'quorate',
      KAFKA_SASL_PASSWORD: SECRETS.KAFKA_PASSWORD,
    }
    await audited({ brokers: kafka.brokers, prefix: 'quorate', by: apps.get('aggregator-2')!, env })
  }, 90_000)
})
