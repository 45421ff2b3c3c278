import { encodeChange, eventId, type View } from '@quorate/contracts'
import { partitionOf } from '@quorate/log'
import { describeKafka } from '../broker'
import { KafkaCluster } from './cluster'
import { type Arrival, CourierReceiver } from './courier-receiver'
import { App, temporaryFolder } from './harness'
import { endAll } from './process'
import { until } from './until'

const PARTITIONS = 4

interface Decided {
  readonly id: string
  readonly state: string | null
  readonly status: string
}

/** The newest decision about this state of an object, as reported by the notifier. */
const decided = (app: App, object: string, state: string, status: string): Promise<Decided> =>
  until(
    `${object} ${state} is ${status}`,
    async () => {
      const { json } = await app.call('GET', `/v1/deliveries?object=${encodeURIComponent(object)}`)
      return (json.items as Decided[]).find((one) => one.state === state && one.status === status)
    },
    60_000,
  )

const ids = (arrivals: readonly Arrival[]): string[] => [...new Set(arrivals.map(({ id }) => id))]

describeKafka('two notifiers on Kafka, killed at every step of the courier', () => {
  const revisions = new Map<string, number>()
  let cluster: KafkaCluster
  let receiver: CourierReceiver

  const start = (name: string): Promise<App> => cluster.start('notifier', name, { env: receiver.settings(name) })
  const app = (name: string): App => cluster.apps.get(name)!
  const other = (name: string): string => (name === 'one' ? 'two' : 'one')

  /** A change as an aggregator would have written it. */
  async function change(object: string, state: string, revision = (revisions.get(object) ?? 0) + 1): Promise<void> {
    revisions.set(object, revision)
    const now = Date.now()
    const view: View = {
      object,
      incarnation: 0,
      version: revision,
      revision,
      state,
      from: null,
      voted: state,
      since: now,
      decidedAt: now,
      cause: 'vote',
      trigger: null,
      contested: false,
      stale: false,
      flapping: false,
      divergent: false,
      override: null,
      tally: { [state]: 1 },
      participants: 1,
      electorate: 1,
      quorum: 1,
      rule: 'majority',
      policy: 'default',
      incident: null,
    }
    const id = eventId(object, 0, revision)
    const record = encodeChange({ type: 'object.changed', id, time: now, subject: object, data: view }, '/test')
    const log = await cluster.log()
    await log.append([{ topic: cluster.topics.states, partition: partitionOf(object, PARTITIONS), ...record }])
  }

  /** The owner of an object's partition, which sends its notifications. */
  async function ownerOf(object: string): Promise<string> {
    await change(object, 'up')
    return (await receiver.told(object, 'up')).sender
  }

  beforeAll(async () => {
    receiver = await CourierReceiver.start()
    cluster = new KafkaCluster()
    await Promise.all([start('one'), start('two')])
  }, 180_000)
  afterEach(() => {
    receiver.accepted = (_, response) => response.writeHead(204).end()
    expect(receiver.forged).toEqual([])
  })
  afterAll(async () => {
    await cluster?.close()
    await receiver?.close()
  }, 60_000)

  it('N34: exactly one of them sends, each for its own partitions', async () => {
    const objects = Array.from({ length: 20 }, (_, i) => `n34/${i}`)
    for (const object of objects) await change(object, 'down')
    for (const object of objects) await receiver.told(object, 'down')
    expect(new Set(receiver.arrivals.map(({ sender }) => sender))).toEqual(new Set(['one', 'two']))
    expect(receiver.arrivals.map(({ object }) => object).sort()).toEqual([...objects].sort())
  }, 90_000)

  it(
    'N02: the same record again after its partition has moved: nothing more is sent, and an inbox hit is ' + 'counted',
    async () => {
      const owner = await ownerOf('n02')
      await change('n02', 'down')
      await receiver.told('n02', 'down')
      await decided(app(owner), 'n02', 'down', 'delivered')
      await app(owner).process.stop()
      await change('n02', 'down', revisions.get('n02'))
      await change('n02', 'up')
      expect((await receiver.told('n02', 'up', 2)).sender).toBe(other(owner))
      expect(receiver.about('n02').map(({ state }) => state)).toEqual(['up', 'down', 'up'])
      const { text } = await app(other(owner)).call('GET', '/metrics')
      expect(text).toMatch(/^quorate_notifier_inbox_hits_total.* 1$/m)
      await start(owner)
    },
    180_000,
  )

  it('N12: killed after the commit, before sending: the other one delivers it, under the same id', async () => {
    const owner = await ownerOf('n12')
    await receiver.close()
    await change('n12', 'down')
    const { id } = await decided(app(owner), 'n12', 'down', 'pending')
    await app(owner).crash()
    expect(receiver.about('n12', 'down')).toEqual([])
    await receiver.open()
    expect(await receiver.told('n12', 'down')).toMatchObject({ id, sender: other(owner) })
    await decided(app(other(owner)), 'n12', 'down', 'delivered')
    expect(receiver.about('n12', 'down')).toHaveLength(1)
    await start(owner)
  }, 180_000)

  it.each(['before it responded', 'when it had responded'])(
    'N11: killed after the receiver accepted, %s: sent again with the same id',
    async (when) => {
      const object = `n11/${when.replaceAll(' ', '-')}`
      const owner = await ownerOf(object)
      receiver.accepted = ({ state, sender }, response) => {
        const kill = (): void => void (sender === owner && state === 'down' && app(owner).process.signal('SIGKILL'))
        if (when === 'before it responded' && sender === owner && state === 'down') return kill()
        response.on('finish', kill)
        response.writeHead(204).end()
      }
      await change(object, 'down')
      const first = await receiver.told(object, 'down')
      await app(owner).process.exited
      expect(await receiver.told(object, 'down', 2)).toMatchObject({ id: first.id, sender: other(owner) })
      await decided(app(other(owner)), object, 'down', 'delivered')
      expect(receiver.about(object, 'down')).toHaveLength(2)
      await start(owner)
    },
    180_000,
  )

  it('killed after the outcome was written: nothing is sent again', async () => {
    const owner = await ownerOf('written')
    await change('written', 'down')
    await receiver.told('written', 'down')
    await decided(app(owner), 'written', 'down', 'delivered')
    await app(owner).crash()
    await change('written', 'up-again')
    expect((await receiver.told('written', 'up-again')).sender).toBe(other(owner))
    expect(receiver.about('written').map(({ state }) => state)).toEqual(['up', 'down', 'up-again'])
    await start(owner)
  }, 180_000)

  it('killed repeatedly while it sends: every object is notified, in order, each change under one id', async () => {
    const objects = Array.from({ length: 12 }, (_, i) => `storm/${i}`)
    const states = ['a', 'b', 'c', 'd']
    for (const [round, state] of states.entries()) {
      await Promise.all(objects.map((object) => change(object, state)))
      const victim = round % 2 === 0 ? 'one' : 'two'
      // At a different point of the sending each time.
      await until('some have arrived', () => receiver.arrivals.filter((one) => one.state === state).length >= 3 * round)
      await app(victim).crash()
      await start(victim)
    }
    for (const object of objects) {
      await receiver.told(object, 'd')
      const order = receiver.about(object).map(({ state }) => states.indexOf(state!))
      expect(order).toEqual([...order].sort((x, y) => x - y))
      for (const state of states) expect(ids(receiver.about(object, state))).toHaveLength(1)
    }
  }, 300_000)
})

describe('npm start on the embedded log, killed at every step of the courier', () => {
  const folder = temporaryFolder('courier')
  let receiver: CourierReceiver
  let app: App
  const start = async () =>
    (app = await App.start('standalone', { dataDir: folder.path, env: receiver.settings('standalone') }))
  const report = (object: string, state: string) =>
    app.call('PUT', `/v1/objects/${object}/reports/a?wait=10s`, { state, ttl: 600_000 })

  beforeAll(async () => {
    receiver = await CourierReceiver.start()
    await start()
  }, 120_000)
  afterAll(async () => {
    await endAll()
    await receiver?.close()
    folder.remove()
  })

  it('N12: killed after the commit, before sending: delivered after the restart, under the same id', async () => {
    await receiver.close()
    await report('n12', 'down')
    const { id } = await decided(app, 'n12', 'down', 'pending')
    await app.crash()
    await receiver.open()
    await start()
    expect(await receiver.told('n12', 'down')).toMatchObject({ id })
    await decided(app, 'n12', 'down', 'delivered')
    expect(receiver.about('n12')).toHaveLength(1)
  }, 120_000)

  it.each(['before', 'when'])(
    'N11: killed after the receiver accepted, %s it responded: sent again with the same id',
    async (when) => {
      receiver.accepted = (_, response) => {
        const kill = (): void => app.process.signal('SIGKILL')
        if (when === 'before') return kill()
        response.on('finish', kill)
        response.writeHead(204).end()
      }
      await report(`n11-${when}`, 'down').catch(() => undefined)
      const first = await receiver.told(`n11-${when}`, 'down')
      await app.process.exited
      receiver.accepted = (_, response) => response.writeHead(204).end()
      await start()
      expect((await receiver.told(`n11-${when}`, 'down', 2)).id).toBe(first.id)
      await decided(app, `n11-${when}`, 'down', 'delivered')
      expect(receiver.about(`n11-${when}`)).toHaveLength(2)
    },
    120_000,
  )

  it('killed after the outcome was written: nothing is sent again', async () => {
    await app.crash()
    await start()
    await report('later', 'down')
    await receiver.told('later', 'down')
    expect(receiver.arrivals.map(({ object }) => object)).toEqual([
      'n12',
      ...['n11-before', 'n11-before', 'n11-when', 'n11-when'],
      'later',
    ])
    expect(receiver.forged).toEqual([])
  }, 90_000)
})
