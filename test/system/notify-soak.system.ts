import { encodeChange, eventId, type View } from '@quorate/contracts'
import { partitionOf } from '@quorate/log'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { CERTIFICATE } from '../../apps/notifier/testing/certificate'
import { describeKafka } from '../broker'
import { KafkaCluster } from './cluster'
import { App, temporaryFolder } from './harness'
import { sequence } from './random'
import { byLength, say, SEED } from './run-length'
import { readSink, soakFaults } from './soak-check'
import { SoakReceivers } from './soak-receivers'
import { until } from './until'

const PARTITIONS = 4
const OBJECTS = Array.from({ length: 24 }, (_, i) => `${i % 3 === 0 ? 'rack' : 'web'}/${i}`)
const STATES = ['up', 'up', 'down', 'down', 'degraded', 'unknown']
const SECONDS = byLength(40, 1_800)
/** Seconds between two faults. */
const TROUBLE = byLength(6, 12)

interface Decision {
  readonly event: string
  readonly receiver: string
  readonly status: string
  readonly reason: string | null
}

describeKafka('notifiers whose configuration changes every second while they are killed, frozen and joined', () => {
  const folder = temporaryFolder('soak')
  const draw = sequence(SEED)
  const revisions = new Map<string, number>()
  const crashes: number[] = []
  const up = new Set<string>()
  const restarts: Promise<unknown>[] = []
  let cluster: KafkaCluster
  let receivers: SoakReceivers

  const pick = <T>(list: readonly T[]): T => list[draw(list.length)]!
  const starting = new Set<string>()
  const start = async (name: string): Promise<void> => {
    starting.add(name)
    await cluster.start('notifier', name)
    starting.delete(name)
    up.add(name)
  }

  /** A change as an aggregator would have written it. */
  async function change(object: string, state: string): Promise<void> {
    const revision = (revisions.get(object) ?? 0) + 1
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
      flapping: draw(20) === 0,
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
    const record = encodeChange({ type: 'object.changed', id, time: now, subject: object, data: view }, '/soak')
    const log = await cluster.log()
    await log.append([{ topic: cluster.topics.states, partition: partitionOf(object, PARTITIONS), ...record }])
  }

  /** One write through any instance that responds. Its result does not matter, because another follows in a second. */
  async function call(method: string, path: string, body?: unknown): Promise<number> {
    const app: App | undefined = cluster.apps.get(pick([...up]))
    const answer = await app?.call(method, path, body).catch(() => undefined)
    return answer?.status ?? 0
  }

  const hook = (address: string) => ({
    channel: 'webhook',
    settings: {
      url: `http://127.0.0.1:${receivers.port}/${address}`,
      secret: '${env:QUORATE_SECRET_HOOK}',
      allowAddresses: ['127.0.0.1'],
    },
  })
  const mail = (to: string) => ({
    channel: 'email',
    settings: {
      host: 'localhost',
      port: receivers.mails.port,
      username: 'quorate',
      password: '${env:QUORATE_SECRET_MAIL}',
      ca: `\${file:${join(folder.path, 'ca.pem')}}`,
      from: 'quorate@example.com',
      to: [`${to}@example.com`],
      allowAddresses: ['127.0.0.1', '::1'],
    },
  })
  /** The first address is configured from the beginning to the end. */
  const SIDES = [['steady'], ['steady', 'b'], ['b', 'steady'], ['steady', 'c', 'b']] as const
  const receiver = (addresses: readonly string[]) => ({ endpoints: addresses.map(hook) })
  const routes = (more: readonly object[]) => ({
    receiver: 'main',
    groupWait: '1s',
    groupInterval: '2s',
    unknownAfter: '2s',
    quiet: ['up'],
    routes: [{ receiver: 'main', continue: true }, ...more],
  })
  const silence = (seconds: number) => ({
    match: { object: pick(['rack/**', 'web/**', '**']) },
    startsAt: new Date(Date.now() - 1000).toISOString(),
    endsAt: new Date(Date.now() + seconds * 1000).toISOString(),
    author: 'soak',
    comment: 'soak',
  })

  const CONFIGURE: readonly (() => Promise<number>)[] = [
    () => call('PUT', '/v1/receivers/main', receiver(pick(SIDES))),
    () => call('PUT', '/v1/receivers/side', receiver(pick([['d'], ['d', 'e'], ['e', 'd']]))),
    () => call('PUT', '/v1/receivers/post', { endpoints: [mail('ann')] }),
    () => call('PUT', '/v1/routes', routes([])),
    () => call('PUT', '/v1/routes', routes([{ match: { state: ['down'] }, receiver: 'side' }])),
    () =>
      call(
        'PUT',
        '/v1/routes',
        routes([{ match: { object: 'rack/**' }, receiver: 'post', continue: true }, { receiver: 'side' }]),
      ),
    () => call('PUT', '/v1/routes', routes([{ name: 'racks', match: { object: 'rack/**' }, receiver: 'post' }])),
    () => call('DELETE', '/v1/receivers/side'),
    () => call('DELETE', '/v1/receivers/post'),
    () => call('PUT', `/v1/silences/s${draw(3)}`, silence(2 + draw(10))),
    () => call('DELETE', `/v1/silences/s${draw(3)}`),
    () => call('PUT', '/v1/inhibitions/rack', { parent: 'rack/0', dependants: ['rack/**'] }),
    () => call('DELETE', '/v1/inhibitions/rack'),
  ]

  /** Causes a fault of a process; at least one keeps running. */
  async function trouble(): Promise<void> {
    if (!up.has('three') && !starting.has('three')) restarts.push(start('three'))
    const name = pick([...up])
    if (up.size < 2) return
    const app = cluster.apps.get(name)!
    up.delete(name)
    const what = draw(3)
    say(`${['kills', 'freezes', 'stops'][what]} ${name}`)
    if (what < 2) crashes.push(Date.now())
    if (what === 0) {
      await app.crash()
      restarts.push(start(name))
    } else if (what === 1) {
      app.process.signal('SIGSTOP')
      await delay(byLength(8_000, 3_000 + draw(12_000)))
      app.process.signal('SIGCONT')
      crashes.push(Date.now())
      up.add(name)
    } else {
      await app.process.stop()
      if (name !== 'three') restarts.push(start(name))
    }
  }

  beforeAll(async () => {
    writeFileSync(join(folder.path, 'ca.pem'), CERTIFICATE)
    receivers = await SoakReceivers.listen(sequence(SEED + 1))
    cluster = new KafkaCluster({
      QUORATE_SECRETS_DIR: folder.path,
      QUORATE_SECRET_HOOK: receivers.secret,
      QUORATE_SECRET_MAIL: 'soak',
    })
    await Promise.all([start('one'), start('two')])
    expect(await call('PUT', '/v1/receivers/main', receiver(['steady']))).toBe(200)
    expect(await call('PUT', '/v1/receivers/side', receiver(['d']))).toBe(200)
    expect(await call('PUT', '/v1/receivers/post', { endpoints: [mail('ann')] })).toBe(200)
    expect(await call('PUT', '/v1/routes', routes([]))).toBe(200)
  }, 180_000)
  afterAll(async () => {
    for (const { process } of cluster?.apps.values() ?? []) if (!process.ended) process.signal('SIGCONT')
    await cluster?.close()
    await receivers?.close()
    folder.remove()
  }, 90_000)

  it(
    'in the end every receiver has been notified of the truth, in order, twice only after a crash',
    async () => {
      const end = Date.now() + SECONDS * 1000
      const every = async (ms: number, act: () => Promise<unknown>): Promise<void> => {
        for (let next = Date.now(); Date.now() < end; next += ms) {
          await act()
          await delay(Math.max(0, next + ms - Date.now()))
        }
      }
      const moods = [
        { refuses: 0, takes: 0 },
        { refuses: 0.5, takes: 0 },
        { refuses: 0, takes: 700 },
        { refuses: 1, takes: 0 },
      ]
      await Promise.all([
        every(150, () => change(pick(OBJECTS), pick(STATES))),
        every(1_000, () => pick(CONFIGURE)()),
        every(3_000, async () => receivers.moods.set(pick(['steady', 'b', 'c', 'd', 'e', 'mail']), pick(moods))),
        every(TROUBLE * 1000, trouble),
      ])
      say(`${receivers.log.length} deliveries so far; everything is mended`)
      receivers.moods.clear()
      await Promise.all(restarts)
      const last = cluster.apps.get([...up][0]!)!
      const put = async (path: string, body: unknown): Promise<void> =>
        void (await until(`${path} is put`, async () => (await last.call('PUT', path, body)).status === 200, 60_000))
      await put('/v1/receivers/main', receiver(['steady', 'b']))
      await put('/v1/routes', routes([]))
      for (const name of ['side', 'post']) await last.call('DELETE', `/v1/receivers/${name}`)
      for (const id of [0, 1, 2]) await last.call('DELETE', `/v1/silences/s${id}`)
      await last.call('DELETE', '/v1/inhibitions/rack')
      // Nothing flaps, and every second object changes once more.
      for (const [i, object] of OBJECTS.entries()) if (i % 2 === 0) await change(object, i % 4 === 0 ? 'up' : 'down')
      const left = async (): Promise<string> => {
        const answers = await Promise.all(
          ['held', 'pending'].map((status) => last.call('GET', `/v1/deliveries?status=${status}&limit=10`)),
        )
        return answers
          .flatMap(({ status, json }) => (status === 200 ? (json.items as unknown[]) : [status]))
          .map((one) => JSON.stringify(one))
          .join('\n')
      }
      let still = ''
      await until(
        'nothing is held or waits',
        async () => (still = await left()) === '',
        byLength(240_000, 900_000),
      ).catch((error: unknown) => {
        throw new Error(`still held or pending:\n${still}`, { cause: error })
      })
      const decisions = new Map<string, Decision[]>()
      for (const object of OBJECTS) decisions.set(object, await decisionsOf(last, object))
      const sink = await readSink(cluster.brokers, cluster.topics.states, `${cluster.prefix}.soak-check`)
      const faults = soakFaults({
        sink,
        log: receivers.log,
        addresses: new Map([
          ['steady', { fromStart: true }],
          ['b', { fromStart: false }],
        ]),
        crashes,
        givenUp: (_, object) =>
          decisions.get(object)!.some(({ reason }) => reason === 'endpoint-removed' || reason === 'receiver-removed'),
      })
      for (const { id, object } of sink)
        if (!decisions.get(object)!.some(({ event }) => event === id)) faults.push(`no decision about ${id}`)
      say(
        `${sink.length} changes, ${receivers.log.length} deliveries, ${crashes.length} crashes, ` +
          `${faults.length} faults`,
      )
      expect(receivers.forged).toEqual([])
      expect(faults).toEqual([])
    },
    SECONDS * 1000 + byLength(420_000, 1_500_000),
  )

  async function decisionsOf(app: App, object: string): Promise<Decision[]> {
    const found: Decision[] = []
    for (let cursor: string | null = ''; cursor !== null;) {
      const more = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`
      const { json } = await app.call('GET', `/v1/deliveries?object=${encodeURIComponent(object)}&limit=500${more}`)
      found.push(...(json.items as Decision[]))
      cursor = (json.next as string | null | undefined) ?? null
    }
    return found
  }
})
