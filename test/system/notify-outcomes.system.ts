import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Arrival, CourierReceiver } from './courier-receiver'
import { App, temporaryFolder } from './harness'
import { endAll } from './process'
import { until } from './until'

/** One receiver per kind of webhook response, and one that is notified when an endpoint is given up. */
const RECEIVERS = ['moody', 'steady', 'gone', 'busy', 'private', 'keeper'] as const

describe('responses of endpoints, with real processes', () => {
  const folder = temporaryFolder('notify-outcomes')
  let receiver: CourierReceiver
  let app: App

  const endpoint = (name: string) => ({
    channel: 'webhook',
    settings: {
      url: receiver.url(name, name === 'private' ? 'localhost' : '127.0.0.1'),
      secret: '${env:QUORATE_SECRET_HOOK}',
      ...(name === 'private' ? {} : { allowAddresses: ['127.0.0.1'] }),
    },
  })
  const to = (name: string) => ({ match: { object: `${name}/**` }, receiver: name, continue: true })

  const say = (object: string, state: string) =>
    Promise.all(['a', 'b', 'c'].map((agent) => app.client.report(object, agent, { state }, { wait: 5 })))
  const sentTo = (name: string): Arrival[] => receiver.arrivals.filter(({ sender }) => sender === name)

  /** Waits for the decision about an object at one endpoint that satisfies `holds`. */
  const decided = (object: string, name: string, holds: (one: Decided) => boolean): Promise<Decided> =>
    until(
      `decision of ${name} about ${object}`,
      async () => {
        const { json } = await app.call('GET', `/v1/deliveries?object=${encodeURIComponent(object)}`)
        return (json.items as Decided[]).find((one) => one.endpoint === name && one.state === 'down' && holds(one))
      },
      60_000,
    )

  beforeAll(async () => {
    receiver = await CourierReceiver.start()
    const notify = {
      receivers: Object.fromEntries(
        RECEIVERS.map((name) => [
          name,
          { endpoints: [endpoint(name)], ...(name === 'gone' ? { fallback: 'keeper' } : {}) },
        ]),
      ),
      routes: {
        receiver: 'keeper',
        groupWait: 0,
        groupInterval: 0,
        routes: [
          // Two receivers for the same objects.
          to('moody'),
          { match: { object: 'moody/**' }, receiver: 'steady' },
          ...RECEIVERS.filter((name) => name !== 'moody' && name !== 'steady').map(to),
        ],
      },
    }
    const config = join(folder.path, 'quorate.yaml')
    // JSON is YAML.
    writeFileSync(config, JSON.stringify({ notify }))
    const env = { QUORATE_CONFIG: config, QUORATE_SECRET_HOOK: receiver.secret }
    app = await App.start('standalone', { dataDir: join(folder.path, 'data'), env })
  })
  afterEach(() => {
    receiver.accepted = (_, response) => response.writeHead(204).end()
    expect(receiver.forged).toEqual([])
  })
  afterAll(async () => {
    await endAll()
    await receiver.close()
    folder.remove()
  })

  it(
    'N01, N06, N22: one receiver is notified once; the other, which fails twice, three times under one id, ' +
      'signed each time',
    async () => {
      receiver.accepted = ({ sender }, response) =>
        response.writeHead(sender === 'moody' && sentTo('moody').length < 3 ? 500 : 204).end()
      await say('moody/x', 'down')
      await decided('moody/x', 'steady', ({ status }) => status === 'delivered')
      const { attempts } = await decided('moody/x', 'moody', ({ status }) => status === 'delivered')
      const [moody, steady] = [sentTo('moody'), sentTo('steady')]
      expect([attempts, moody.length, steady.length]).toEqual([3, 3, 1])
      expect(new Set(moody.map(({ id }) => id)).size).toBe(1)
      expect(moody[0]!.id).not.toBe(steady[0]!.id)
      const made = moody.map(({ timestamp }) => timestamp)
      expect(made).toEqual([...made].sort((a, b) => a - b))
    },
    120_000,
  )

  it('N07: 410 disables the endpoint, leaves a dead delivery, and notifies the fallback', async () => {
    receiver.accepted = ({ sender }, response) => response.writeHead(sender === 'gone' ? 410 : 204).end()
    await say('gone/x', 'down')
    const dead = await decided('gone/x', 'gone', ({ status }) => status === 'dead')
    expect(dead).toMatchObject({ reason: 'http-410', attempts: 1 })
    await until('the fallback was notified', () => sentTo('keeper').length > 0)
    const shown = (await app.call('GET', '/v1/deliveries?receiver=keeper')).json.items as Decided[]
    expect(shown.map(({ status }) => status)).toContain('delivered')
    await say('gone/y', 'down')
    expect(await decided('gone/y', 'gone', ({ status }) => status === 'dead')).toMatchObject({
      reason: 'endpoint-disabled',
    })
    expect(sentTo('gone')).toHaveLength(1)
  }, 120_000)

  it('N08: after 429 with Retry-After, the endpoint is not called before that; others continue', async () => {
    const seconds = 4
    receiver.accepted = ({ sender }, response) => {
      if (sender === 'busy' && sentTo('busy').length === 1)
        response.writeHead(429, { 'retry-after': String(seconds) }).end()
      else response.writeHead(204).end()
    }
    await say('busy/x', 'down')
    await until('the first attempt', () => sentTo('busy').length === 1)
    await say('moody/y', 'down')
    await decided('moody/y', 'steady', ({ status }) => status === 'delivered')
    expect(sentTo('busy')).toHaveLength(1)
    expect(await decided('busy/x', 'busy', ({ status }) => status === 'delivered')).toMatchObject({ attempts: 2 })
    const [first, second] = sentTo('busy')
    expect(second!.at - first!.at).toBeGreaterThanOrEqual(seconds * 1000 - 50)
    expect(second!.id).toBe(first!.id)
  }, 120_000)

  it('N24: a name that resolves to a private address is not connected to', async () => {
    await say('private/x', 'down')
    const refused = await decided('private/x', 'private', ({ lastAttempt }) => lastAttempt !== null)
    expect(refused.lastAttempt).toMatchObject({ outcome: 'address-refused' })
    expect(sentTo('private')).toEqual([])
  }, 60_000)
})

interface Decided {
  readonly endpoint: string
  readonly state: string | null
  readonly status: string
  readonly reason: string | null
  readonly attempts: number
  readonly lastAttempt: { readonly outcome: string } | null
}
