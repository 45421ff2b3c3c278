import 'reflect-metadata'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { QuorateClient } from '@quorate/client'
import { loadConfig } from '@quorate/config'
import { encodeSource, RESHARDED_FROM, topicNames, type SourceCommand } from '@quorate/contracts'
import type { Running } from '@quorate/http'
import { header, type Log, type LogRecord, partitionOf } from '@quorate/log'
import { startAggregator } from '../../../aggregator/src/bootstrap'
import { aggregatorTopology } from '@quorate/engine/core'
import { runAudit } from '../audit/audit'
import { runSimulate } from '../simulate/simulate'
import { runReshard } from './reshard'

const OLD = 3
const NEW = 5
const objects = Array.from({ length: 30 }, (_, i) => `site/${i}`)
const MANY_AGENTS = 70

interface Event {
  readonly id: string
  readonly time: number
  readonly subject: string
}

/** What a reshard guarantees on any log. */
export function describeReshard(
  name: string,
  openLog: (dir: string) => Promise<Log>,
  truncate?: (log: Log, topic: string, partition: number, before: number) => Promise<void>,
): void {
  describe(`a reshard on ${name}`, () => {
    let dir: string
    let log: Log
    let from: string
    let to: string
    let server: Running | undefined
    let runs = 0

    beforeEach(async () => {
      dir = await mkdtemp(join(tmpdir(), 'reshard-'))
      log = await openLog(dir)
      from = `r${process.pid.toString(36)}${Date.now().toString(36)}${runs++}`
      to = `${from}.new`
    })
    afterEach(async () => {
      await stop()
      await log.close()
      await rm(dir, { recursive: true })
    })

    async function serve(prefix: string, partitions: number, retries = 30): Promise<QuorateClient> {
      const options = ['--port', '0', '--data-dir', join(dir, 'data', prefix), '--log-level', 'silent']
      const argv = [...options, '--partitions', `${partitions}`, '--topic-prefix', prefix, '--replication', '1']
      const config = loadConfig('aggregator', { argv, env: { KAFKA_BROKERS: 'unused:9092' }, readFile: () => '' })
      server = await startAggregator(config, { log })
      const client = new QuorateClient({ url: server.url, retries })
      await client.page({ partial: 'refuse' })
      return client
    }

    async function stop(): Promise<void> {
      await server?.close()
      server = undefined
    }

    async function reshard(): Promise<string> {
      let said = ''
      const output = new Writable({ write: (chunk, _, done) => ((said += String(chunk)), done()) })
      await runReshard({ log, prefix: from, to, applicationId: 'aggregator', partitions: NEW, replication: 1, output })
      return said
    }

    async function read(topic: string): Promise<LogRecord[]> {
      const found: LogRecord[] = []
      for (const { partition, start, end } of await log.offsets(topic)) {
        const reader = log.reader({ topic, partition, from: start })
        while (reader.position < end) found.push(...(await reader.next()).records)
        reader.close()
      }
      return found
    }

    /** Waits until everything in the source has been applied, including what was appended again. */
    async function caughtUp(client: QuorateClient, prefix: string): Promise<void> {
      for (;;) {
        const ends = await log.offsets(topicNames(prefix).reports)
        const minPosition = ends.map(({ partition, end }) => `${partition}@${end - 1}`).join(', ')
        await Promise.all(objects.map((object) => client.get(object, { minPosition }).catch(() => undefined)))
        if (JSON.stringify(await log.offsets(topicNames(prefix).reports)) === JSON.stringify(ends)) return
      }
    }

    async function live(client: QuorateClient): Promise<void> {
      await client.putPolicy('long', { match: 'site/**', ttl: 3_600 })
      await client.putPolicy('brief', { match: 'brief/**', ttl: 1, unknownAfter: 1, memory: 3_600 })
      for (const [i, object] of objects.entries())
        for (const agent of ['a', 'b', 'c'])
          await client.report(object, agent, { state: agent < 'c' && i % 3 === 0 ? 'down' : 'up', evidence: { i } })
      // More than one page of reports.
      for (let i = 0; i < MANY_AGENTS; i++) await client.report('site/4', `many-${i}`, { state: 'up', seq: i })
      await client.setOverride(objects[1]!, { state: 'down', reason: 'moving', expiresAt: Date.now() + 600_000 })
      await client.delete(objects[2]!)
      await caughtUp(client, from)
    }

    const put = (command: SourceCommand, partition?: number) => {
      const encoded = encodeSource(command)
      const topic = topicNames(from).reports
      return log.append([{ topic, partition: partition ?? partitionOf(encoded.key!, OLD), ...encoded }])
    }

    /** Records that the stopped system has not applied. */
    async function tail(): Promise<void> {
      await put({ type: 'report', object: objects[5]!, data: { agent: 'a', state: 'late' } })
      for (let p = 0; p < OLD; p++) await put({ type: 'agent-set', data: { agent: 'a', weight: 3, muted: false } }, p)
      await put({ type: 'report', object: 'site/young', data: { agent: 'a', state: 'up' } })
    }

    /** The objects without records in the tail. */
    const untouched = objects.filter((_, i) => i !== 2 && i !== 5)

    async function shown(client: QuorateClient, ids: readonly string[]): Promise<unknown[]> {
      return Promise.all(
        ids.map(async (id) => {
          const { view, etag } = await client.get(id)
          const { agents } = await client.explanation(id)
          const evidence = agents.map((it) => [it.agent, it.state, it.evidence])
          return { view, etag, evidence, history: await client.history(id) }
        }),
      )
    }

    it('keeps objects, incarnations, evidence, history; applies the tail; starts new incarnations above', async () => {
      const first = await serve(from, OLD)
      await live(first)
      await first.report('brief/x', 'a', { state: 'up' }, { wait: 5 })
      const before = await shown(first, untouched)
      const [youngest] = (await Promise.all(untouched.map((id) => first.get(id))))
        .map(({ view }) => view.incarnation)
        .sort((a, b) => b - a)
      await stop()
      const ends = JSON.stringify(await log.offsets(topicNames(from).states))
      await delay(2_200) // the deadline of brief/x passes while no instance runs
      expect(await reshard()).toMatch(/^30 objects, .*DONE\. /s)
      expect(JSON.stringify(await log.offsets(topicNames(from).states))).toBe(ends)

      const second = await serve(to, NEW)
      await caughtUp(second, to)
      expect(await shown(second, untouched)).toEqual(before)
      await second.report('site/new', 'a', { state: 'up' }, { wait: 5 })
      const { view } = await second.get('site/new')
      expect(view.incarnation).toBeGreaterThan(youngest!)

      // Its deadline fires at its own time, not when the system was moved.
      const { view: brief } = await second.get('brief/x')
      expect([brief.state, brief.revision]).toEqual(['unknown', 3])
      const reported = (await read(topicNames(from).reports)).find(({ key }) => key?.toString() === 'brief/x')!
      const told = (await read(topicNames(to).states)).filter(({ key }) => key?.toString() === 'brief/x').at(-1)!
      expect(Date.parse(header(told, 'ce_time')!)).toBe(reported.timestamp + 2_000)
    }, 120_000)

    it('counts no vote again that had expired, if some partitions were ahead of others', async () => {
      const first = await serve(from, OLD)
      await live(first)
      // Only this partition advances: nothing else is due for an hour.
      for (const agent of ['a', 'b', 'c']) await first.report('brief/x', agent, { state: 'down' }, { wait: 5 })
      while ((await first.get('brief/x')).view.state !== 'unknown') await delay(50)
      const expired = await first.explanation('brief/x')
      await stop()
      await reshard()
      const second = await serve(to, NEW)
      const explained = await second.explanation('brief/x')
      expect(explained).toMatchObject({ state: expired.state, participants: 0, winner: null, tally: {} })
      expect(explained.agents.map(({ standing }) => standing)).toEqual(['expired', 'expired', 'expired'])
      for (const object of [...untouched, 'brief/x'])
        for (const { age } of (await second.explanation(object)).agents) expect(age).toBeGreaterThanOrEqual(0)
      expect((await second.get('brief/x')).view.participants).toBe(0)
    }, 120_000)

    it('moves records that were appended and not applied, broadcasts once per partition', async () => {
      const first = await serve(from, OLD)
      await live(first)
      await stop()
      await tail()
      expect(await reshard()).toContain(`${2 + NEW} records not applied yet`)
      const second = await serve(to, NEW)
      await caughtUp(second, to)
      expect((await second.get('site/young')).view.state).toBe('up')
      expect((await second.get(objects[5]!)).view.state).toBe('late')
      expect((await second.get(objects[0]!)).view.electorate).toBe(5)
    }, 120_000)

    it('leaves a source from which simulate and audit find the same, after a restore as well', async () => {
      const first = await serve(from, OLD)
      await live(first)
      await stop()
      await tail()
      await reshard()
      let client = await serve(to, NEW)
      for (const object of untouched) await client.report(object, 'b', { state: 'moved' })
      await caughtUp(client, to)
      await expectSame(client)
      const before = await shown(client, untouched)
      await stop()
      await rm(join(dir, 'data', to), { recursive: true })
      client = await serve(to, NEW)
      expect(await shown(client, untouched)).toEqual(before)
      await expectSame(client)
    }, 120_000)

    async function expectSame(client: QuorateClient): Promise<void> {
      const lines: string[] = []
      let rest = ''
      const output = new Writable({
        write: (chunk, _, done) => {
          const pieces = (rest + String(chunk)).split('\n')
          rest = pieces.pop()!
          lines.push(...pieces)
          done()
        },
      })
      const errors = new Writable({ write: (_chunk, _, done) => done() })
      await runSimulate({ input: { log, topic: topicNames(to).reports }, output, errors })
      const events = lines.map((line) => JSON.parse(line) as { event?: Event; rejected?: unknown })
      expect(events.filter(({ rejected }) => rejected !== undefined)).toEqual([])
      const sink = (await read(topicNames(to).states)).filter((it) => header(it, RESHARDED_FROM) === undefined)
      const said = (id: string, time: number) => `${id} ${new Date(time).toISOString()}`
      expect(sink.map((it) => said(header(it, 'ce_id')!, Date.parse(header(it, 'ce_time')!))).sort()).toEqual(
        events.map(({ event }) => said(event!.id, event!.time)).sort(),
      )
      expect(await audit(client)).toEqual([0, expect.stringMatching(/^SAME /)])
    }

    async function audit(client: QuorateClient): Promise<[code: number, text: string]> {
      let text = ''
      const output = new Writable({ write: (chunk, _, done) => ((text += String(chunk)), done()) })
      return [await runAudit({ log, client, prefix: to, applicationId: 'aggregator', output }), text]
    }

    // Kafka removes records only at its own pace, or by a request that our log does not need; so this uses the embedded
    // log.
    const whereTruncated = truncate ? it : it.skip
    whereTruncated(
      'is known from the changelog if the source has lost its beginning: an audit judges what came after',
      async () => {
        const first = await serve(from, OLD)
        await live(first)
        await stop()
        await reshard()
        const second = await serve(to, NEW)
        const starts = await log.offsets(topicNames(to).reports)
        for (let i = 0; i < 20; i++) await second.report(`young/${i}`, 'a', { state: 'up' })
        await caughtUp(second, to)
        for (const { partition, end } of starts) await truncate!(log, topicNames(to).reports, partition, end)
        const [code, text] = await audit(second)
        expect(text).toMatch(/SAME {2}5 partitions, 20 objects, 29 others not judged/)
        expect(code).toBe(0)
      },
      120_000,
    )

    /** The partition may not run yet, and is then refused for that reason. */
    async function expectSoon(ask: () => Promise<unknown>, code: string): Promise<void> {
      for (const end = Date.now() + 10_000; ; await delay(50)) {
        const refused = await ask().catch((error: unknown) => error as { code?: string; message: string })
        if (Date.now() < end && (refused as { message: string }).message.includes('changing hands')) continue
        expect(refused).toMatchObject({ code, message: expect.stringContaining('takes in a snapshot') })
        return
      }
    }

    it('does not report that something does not exist while a snapshot is being imported', async () => {
      const { topics } = aggregatorTopology({ prefix: to, applicationId: 'aggregator', partitions: 1 })
      await log.ensureTopics(topics, { replication: 1 })
      const topic = topicNames(to).reports
      const data = { base: 10, time: 1_000, known: 0, stale: 0, snapshots: 1, layout: 1, from: 'old' }
      await log.append([{ topic, partition: 0, ...encodeSource({ type: 'resharded', data }) }])
      await expect(serve(to, 1, 0)).rejects.toMatchObject({ status: 503 })
      const asked = new QuorateClient({ url: server!.url, retries: 0 })
      await expectSoon(() => asked.get('x'), 'restoring')
      const override = { state: 'down', reason: 'it may be there', expiresAt: Date.now() + 60_000 }
      const refused = [
        asked.setOverride('x', override, { ifMatch: '"1.1.0.1"' }),
        asked.clearOverride('x', { ifMatch: '"1.1.0.1"' }),
        asked.delete('x', { ifMatch: '"1.1.0.1"' }),
        asked.policy('p'),
        asked.policies(),
        asked.deletePolicy('p'),
        asked.agents(),
        asked.tryPolicy('p', { match: '**' }),
      ].map((answer) => expect(answer).rejects.toMatchObject({ code: 'restoring' }))
      await Promise.all(refused)
      // A new object's override needs no If-Match; whether this one is new is unknown.
      const headers = { 'content-type': 'application/json' }
      const set = await fetch(`${server!.url}/v1/objects/x/override`, {
        ...{ method: 'PUT', headers, body: JSON.stringify(override) },
      })
      expect(await set.json()).toMatchObject({ code: 'restoring' })
      await log.append([{ topic, partition: 0, ...encodeSource({ type: 'snapshot', data: { rows: [] } }) }])
      const done = new QuorateClient({ url: server!.url, retries: 30 })
      expect((await done.page({ partial: 'refuse' })).items).toEqual([])
      await expect(done.get('x')).rejects.toMatchObject({ code: 'not-found' })
    }, 120_000)

    it('fills the new sink with the latest states: the same ids, one per object', async () => {
      const first = await serve(from, OLD)
      await live(first)
      await stop()
      const last = new Map((await read(topicNames(from).states)).map((it) => [it.key!.toString(), it]))
      await reshard()
      const copied = await read(topicNames(to).states)
      const text = (it: LogRecord) => `${header(it, 'ce_id')} ${it.value!.toString()}`
      expect(copied.map(text).sort()).toEqual(
        [...last.values()]
          .filter(({ value }) => value)
          .map(text)
          .sort(),
      )
    }, 120_000)

    it('moves settings, but not marks of dead letters and responses to requests', async () => {
      const asked = (method: string, path: string, body?: unknown) =>
        fetch(`${server!.url}${path}`, {
          method,
          headers: { 'idempotency-key': path, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        })
      const first = await serve(from, OLD)
      const spoil = (prefix: string, key: string, partitions: number) =>
        log.append([
          { topic: topicNames(prefix).reports, partition: partitionOf(key, partitions), key, value: 'no JSON' },
        ])
      const letters = async () => {
        const { items } = (await (await asked('GET', '/v1/dead-letters')).json()) as { items: { key: string }[] }
        return items.map(({ key }) => key)
      }
      const appears = async (key: string) => {
        while (!(await letters()).includes(key)) await delay(20)
      }
      await spoil(from, 'old', OLD)
      await appears('old')
      expect((await asked('DELETE', '/v1/dead-letters/0@0')).status).toBe(204)
      expect((await asked('PUT', '/v1/policies/p', { match: 'x/*' })).status).toBe(200)
      await log.append([{ topic: topicNames(from).settings, partition: 0, key: 'routes/r', value: '{}' }])
      await caughtUp(first, from)
      await stop()
      await reshard()
      expect((await read(topicNames(to).settings)).map(({ key }) => key!.toString())).toEqual(['routes/r'])

      const second = await serve(to, NEW)
      await spoil(to, 'new', NEW)
      await appears('new')
      expect((await asked('POST', '/v1/dead-letters/0@0/replay')).status).toBe(202)
      const ends = await log.offsets(topicNames(to).reports)
      const { headers } = await asked('PUT', '/v1/policies/p', { match: 'x/*' })
      for (const { partition, end } of ends)
        expect(headers.get('quorate-position')).toMatch(new RegExp(`\\b${partition}@(${end}|${end + 1})\\b`))
      await caughtUp(second, to)
    }, 120_000)

    it('is refused while an instance runs, which continues', async () => {
      const client = await serve(from, OLD)
      await live(client)
      expect(await refusal(reshard)).toContain('an aggregator is running')
      expect(await log.describeTopic(topicNames(to).reports)).toBeUndefined()
      await client.report(objects[0]!, 'd', { state: 'up' }, { wait: 10 })
    }, 120_000)

    it('is refused if the topics exist, or for its own prefix', async () => {
      await serve(from, OLD)
      await stop()
      await reshard()
      expect(await refusal(reshard)).toContain(`There is a topic ${to}.reports already`)
      to = from
      expect(await refusal(reshard)).toContain('a prefix that differs')
    }, 120_000)

    const refusal = (act: () => Promise<unknown>): Promise<string> =>
      act().then(
        () => 'not refused',
        (error: unknown) => (error as Error).message,
      )
  })
}
