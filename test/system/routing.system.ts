import { setTimeout as delay } from 'node:timers/promises'
import { type BrokerCluster, describeKafka, describeOwnKafka, startBroker } from '../broker'
import { KafkaCluster } from './cluster'
import type { Answer, App } from './harness'
import { until } from './until'

const OBJECTS = 1_000
const ids = Array.from({ length: OBJECTS }, (_, i) => `route/${i}`)
const at = (id: string, rest = '') => `/v1/objects/${encodeURIComponent(id)}${rest}`
const REASONS = ['restoring', 'rebalancing', 'owner-unreachable', 'no-owner', 'shutting-down']

async function filled(app: App): Promise<void> {
  await app.client.putPolicy('long', { match: '**', ttl: 86_400, memory: 86_400 })
  const { position } = await app.client.reportAll(ids.map((object) => ({ object, agent: 'a', state: 'up' })))
  await until('all reports are applied', async () => {
    const headers = { 'quorate-min-position': position }
    return (await app.call('GET', '/v1/objects?limit=1', undefined, headers)).json.complete === true
  })
}

interface Member {
  readonly url: string
  readonly reachable: boolean
  readonly sure: boolean | null
}
interface Report {
  readonly members: readonly Member[]
  readonly partitions: readonly {
    readonly owner: string
    readonly state: string
    readonly standbys: readonly object[]
  }[]
}
const settled = (app: App, members: number) =>
  until(`${members} members run every partition`, async () => {
    const { json } = await app.call('GET', '/v1/cluster')
    const report = json as Report
    const all = report.members.length === members && report.members.every(({ reachable }) => reachable)
    return all && report.partitions.every(({ state }) => state === 'running') && report
  })

/** Reads the objects in turn from the instances in turn; checks every response for what must never happen. */
class Reader {
  readonly counts = new Map<string, number>()
  readonly #newest = new Map<string, { incarnation: number; revision: number }>()
  #going = true
  #fault: Error | undefined
  readonly #loop: Promise<void>

  readonly #urls: readonly string[]
  #next: number

  constructor(urls: readonly string[], next = 0) {
    this.#urls = urls
    this.#next = next
    this.#loop = this.#run()
  }

  /** @throws the first response that must not happen */
  async stop(): Promise<void> {
    this.#going = false
    await this.#loop
    if (this.#fault) throw this.#fault
  }

  async #run(): Promise<void> {
    while (this.#going && !this.#fault) {
      const id = ids[(this.#next += 7) % ids.length]!
      const read = this.#read(this.#urls[this.#next % this.#urls.length]!, id)
      await read.catch((error: Error) => (this.#fault = error))
    }
  }

  async #read(url: string, id: string): Promise<void> {
    let response: Response
    try {
      response = await fetch(`${url}${at(id)}`, { signal: AbortSignal.timeout(20_000) })
    } catch {
      this.#count('no connection')
      await delay(10)
      return
    }
    const body = (await response.json()) as { code?: string; incarnation: number; revision: number }
    if (response.status !== 200) {
      this.#count(`${response.status} ${body.code}`)
      if (response.status !== 503 || !REASONS.includes(body.code ?? ''))
        throw new Error(`${id} from ${url}: ${response.status} ${JSON.stringify(body)}`)
      return
    }
    const role = response.headers.get('quorate-role')
    this.#count(`200 ${role}`)
    const seen = this.#newest.get(id)
    const isOlder =
      seen &&
      (body.incarnation < seen.incarnation || (body.incarnation === seen.incarnation && body.revision < seen.revision))
    if (isOlder) throw new Error(`${id} from ${url}: ${JSON.stringify(body)} after ${JSON.stringify(seen)}`)
    this.#newest.set(id, body)
  }

  #count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1)
  }
}

describeKafka('three aggregators', () => {
  let cluster: KafkaCluster
  const apps: App[] = []

  beforeAll(async () => {
    cluster = new KafkaCluster({ QUORATE_PARTITIONS: '6' })
    for (const name of ['one', 'two', 'three']) apps.push(await cluster.start('aggregator', name))
    await settled(apps[0]!, 3)
    await filled(apps[0]!)
  }, 180_000)
  afterAll(() => cluster?.close(), 60_000)

  it('show owners, standbys and members in /v1/cluster, the same from each', async () => {
    const seen = await Promise.all(
      apps.map((app) =>
        until('show owners, standbys and members in /v1/cluster, the same from each', async () => {
          const report = await settled(app, 3)
          return report.partitions.every(({ standbys }) => standbys.length === 1) && report
        }),
      ),
    )
    for (const { members, partitions } of seen) {
      expect(members.map(({ sure }) => sure)).toEqual([true, true, true])
      expect(partitions.map(({ owner }) => owner)).toEqual(seen[0]!.partitions.map(({ owner }) => owner))
    }
  })

  it('let a third one read at once what was written through another', async () => {
    for (let i = 0; i < 60; i++) {
      const id = ids[i]!
      const wanted = i % 2 ? 'down' : 'degraded'
      const written = await apps[i % 3]!.call('PUT', at(id, '/reports/a'), { state: wanted, seq: i + 1 })
      expect(written.status).toBe(202)
      const headers = { 'quorate-min-position': written.headers.get('quorate-position')! }
      const read = await apps[(i + 1) % 3]!.call('GET', at(id), undefined, headers)
      expect([read.status, read.json.state]).toEqual([200, wanted])
    }
  })

  it('serve a read from a standby if it permits that, and say so', async () => {
    const roles = new Set<string>()
    for (const id of ids.slice(0, 30)) {
      for (const app of apps) {
        const plain = await app.call('GET', at(id))
        expect([plain.status, plain.headers.get('quorate-role')]).toEqual([200, 'active'])
        const stale = await app.call('GET', `${at(id)}?stale=allow&maxLag=0`)
        expect([stale.status, stale.json.object]).toEqual([200, id])
        roles.add(stale.headers.get('quorate-role')!)
      }
    }
    expect(roles).toEqual(new Set(['active', 'standby']))
    for (const app of apps)
      expect((await app.call('GET', `${at('not there')}?stale=allow`)).headers.get('quorate-role')).toBe('active')
  })

  it('end 150 lists on each while one is frozen for 5 s, and continue to serve point reads', async () => {
    const [one, two, three] = apps as [App, App, App]
    const waits: number[] = []
    const list = async (app: App) => {
      const began = performance.now()
      const { status, json } = await app.call('GET', '/v1/objects')
      expect(status).toBe(200)
      expect(json.complete ? json.items.length : json.missing.length).toBeGreaterThan(0)
      waits.push(performance.now() - began)
      return json.complete as boolean
    }
    const { partitions } = await settled(one, 3)
    const ownerOf = async (id: string) =>
      partitions[Number((await one.call('GET', at(id))).headers.get('quorate-partition'))]!.owner
    const near: string[] = []
    for (const id of ids.slice(0, 60)) if ((await ownerOf(id)) !== three.url) near.push(id)

    three.process.signal('SIGSTOP')
    const thawed = delay(5_000).then(() => three.process.signal('SIGCONT'))
    const lists = [one, two, three].flatMap((app) => Array.from({ length: 150 }, () => list(app)))
    const reads: number[] = []
    let going = true
    void thawed.then(() => (going = false))
    while (going) {
      for (const app of [one, two]) {
        const began = performance.now()
        const { status } = await app.call('GET', at(near[reads.length % near.length]!))
        expect(status).toBe(200)
        reads.push(performance.now() - began)
      }
    }
    const complete = await Promise.all(lists)
    // Frozen for 5 s, noticed within 2: nothing waits for anything else.
    expect(Math.max(...waits)).toBeLessThan(40_000)
    await settled(one, 3)
    const again = await Promise.all([one, two, three].map(list))
    expect(again).toEqual([true, true, true])
    reads.sort((a, b) => a - b)
    process.stderr.write(
      `fan-out: ${complete.filter(Boolean).length} of ${complete.length} lists complete, the longest took ` +
        `${Math.round(Math.max(...waits))} ms; ` +
        `${reads.length} point reads meanwhile, p50 ${Math.round(reads[reads.length >> 1]!)} ms, p99 ` +
        `${Math.round(reads[Math.floor(reads.length * 0.99)]!)} ms\n`,
    )
  }, 240_000)

  it('restart in turn under reads: a response, or a typed 503; never a 404, never an older version', async () => {
    const urls = apps.map(({ url }) => url)
    const readers = [0, 1, 2, 3].map((from) => new Reader(urls, from))
    let going = true
    const writing = (async () => {
      for (let seq = 1_000; going; seq++) {
        const lot = ids.filter((_, i) => i % 10 === seq % 10)
        for (const app of apps) {
          const reports = lot.map((object) => ({ object, agent: 'a', state: seq % 2 ? 'up' : 'down', seq }))
          // An instance that is away accepts no reports; another does.
          if (
            await app.client.reportAll(reports).then(
              () => true,
              () => false,
            )
          )
            break
        }
        await delay(50)
      }
    })()
    for (const [i, name] of ['one', 'two', 'three'].entries()) {
      const { port } = apps[i]!
      if (i === 1) await apps[i]!.crash()
      else await apps[i]!.process.stop()
      apps[i] = await cluster.start('aggregator', name, { port })
      await settled(apps[i], 3)
    }
    going = false
    await writing
    await Promise.all(readers.map((reader) => reader.stop()))
    const sum = new Map<string, number>()
    for (const { counts } of readers) for (const [what, n] of counts) sum.set(what, (sum.get(what) ?? 0) + n)
    process.stderr.write(`rolling restart, reads: ${JSON.stringify(Object.fromEntries(sum))}\n`)
    expect(sum.get('200 active')).toBeGreaterThan(100)
  }, 180_000)
})

describeOwnKafka('two aggregators whose brokers are away', () => {
  let brokers: BrokerCluster
  let cluster: KafkaCluster
  const apps: App[] = []

  beforeAll(async () => {
    brokers = await startBroker()
    cluster = new KafkaCluster({}, brokers.brokers)
    for (const name of ['one', 'two']) apps.push(await cluster.start('aggregator', name))
    await settled(apps[0]!, 2)
    await filled(apps[0]!)
  }, 180_000)
  afterAll(async () => {
    await cluster?.close()
    await brokers?.stop()
  }, 60_000)

  it('serve their rows with the age, accept no writes, and recover on their own', async () => {
    const [one, two] = apps as [App, App]
    const before = await one.call('GET', at(ids[0]!))
    expect(before.headers.get('quorate-role')).toBe('active')
    expect(before.headers.get('quorate-age')).toBeNull()
    await brokers.kill()
    const aged = (app: App) => async (): Promise<Answer | false> => {
      const answer = await app.call('GET', at(ids[0]!))
      expect([200, 503]).toContain(answer.status)
      return answer.headers.get('quorate-role') === 'unconfirmed' && answer
    }
    for (const app of [one, two]) {
      const answer = await until('an answer says that it may be old', aged(app), 40_000)
      expect(Number(answer.headers.get('quorate-age'))).toBeGreaterThan(0)
      expect(answer.json).toEqual(before.json)
      const missing = await app.call('GET', at('never/seen'))
      expect([missing.status, missing.json.code]).toEqual([503, 'rebalancing'])
      const { json, headers } = await app.call('GET', '/v1/objects?limit=10000')
      expect([json.complete, json.items.length, headers.get('quorate-role')]).toEqual([true, OBJECTS, 'unconfirmed'])
    }
    const written = await one.call('PUT', at(ids[0]!, '/reports/b?wait=5s'), { state: 'down' })
    expect([written.status, written.json.code]).toEqual([503, expect.stringMatching(/^(rebalancing|log-unavailable)$/)])

    await brokers.restart()
    for (const app of [one, two])
      await until(
        'the owner holds its lease again',
        async () => {
          const { status, headers } = await app.call('GET', at(ids[0]!))
          return status === 200 && headers.get('quorate-role') === 'active'
        },
        60_000,
      )
    const again = await two.call('PUT', at(ids[0]!, '/reports/b?wait=10s'), { state: 'down' })
    expect(again.status).toBe(200)
  }, 240_000)

  it('one that is cut off alone refuses instead of serving', async () => {
    const [one, two] = apps as [App, App]
    await settled(one, 2)
    two.process.signal('SIGSTOP')
    await until(
      'the other has taken over',
      async () => {
        const { members } = (await one.call('GET', '/v1/cluster')).json as Report
        return members.length === 1
      },
      60_000,
    )
    const headers: Record<string, string> = {}
    const written = await one.call('PUT', at(ids[1]!, '/reports/a?wait=10s'), { state: 'down', seq: 9 })
    expect(written.status).toBe(200)
    const asked = Array.from({ length: 50 }, () => two.call('GET', at(ids[1]!), undefined, headers))
    two.process.signal('SIGCONT')
    for (const { status, json } of await Promise.all(asked)) {
      if (status === 200) expect(json.revision).toBeGreaterThanOrEqual(written.json.revision as number)
      else expect([status, REASONS.includes(json.code as string)]).toEqual([503, true])
    }
  }, 120_000)
})
