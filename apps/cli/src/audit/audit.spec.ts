import 'reflect-metadata'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import Sqlite from 'better-sqlite3'
import { QuorateClient } from '@quorate/client'
import { loadConfig } from '@quorate/config'
import { encodeSource, REAPPENDED, topicNames, type PolicyInput, type SourceCommand } from '@quorate/contracts'
import type { Running } from '@quorate/http'
import { type LogRecord, partitionOf } from '@quorate/log'
import { openEmbeddedLog, type EmbeddedLog } from '@quorate/log/embedded'
import { requestSkip } from '@quorate/streams'
import { startAggregator } from '../../../aggregator/src/bootstrap'
import { aggregatorTopology, decodeObject, encodeObject } from '@quorate/engine/core'
import { Settings } from '@quorate/vote'
import { runSimulate } from '../simulate'
import { runAudit } from './audit'

const PARTITIONS = 3
const names = topicNames('quorate')
const changelog = names.changelog('aggregator')
const objects = Array.from({ length: 12 }, (_, i) => `site/${i}`)

let dir: string
let log: EmbeddedLog
let server: Running | undefined

async function serve(): Promise<QuorateClient> {
  const argv = ['--port', '0', '--data-dir', dir, '--log-level', 'silent', '--partitions', String(PARTITIONS)]
  const config = loadConfig('aggregator', { argv, env: { KAFKA_BROKERS: 'unused:9092' }, readFile: () => '' })
  server = await startAggregator(config, { log })
  const client = new QuorateClient({ url: server.url })
  // Returns once every partition runs; 503 until then.
  await client.page({ partial: 'refuse' })
  return client
}
async function stop(): Promise<void> {
  await server?.close()
  server = undefined
}

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'audit-'))
  log = await openEmbeddedLog({ memory: true })
})
afterEach(async () => {
  await stop()
  await log.close()
  await rm(dir, { recursive: true })
})

async function audit(client: QuorateClient | undefined, json = false, prefix = 'quorate') {
  let text = ''
  const output = new Writable({ write: (chunk, _encoding, done) => ((text += String(chunk)), done()) })
  const code = await runAudit({ log, client, prefix, applicationId: 'aggregator', output, json })
  return { code, text, json: json ? (JSON.parse(text) as Record<string, unknown>) : {} }
}

/** Policies, agents, votes, an override, a deletion, an invalid record and a misplaced report, all applied. */
async function live(client: QuorateClient): Promise<void> {
  await client.putPolicy('sites', { match: 'site/**', ttl: 600, thresholds: { down: 2 } })
  for (const [i, object] of objects.entries())
    for (const agent of ['a', 'b', 'c'])
      await client.report(object, agent, { state: agent < 'c' && i % 3 === 0 ? 'down' : 'up', seq: i, evidence: { i } })
  await client.setOverride(objects[1]!, { state: 'down', reason: 'moving', expiresAt: Date.now() + 60_000 })
  await client.delete(objects[2]!)
  const wrong = (partitionOf(objects[0]!, PARTITIONS) + 1) % PARTITIONS
  await log.append([
    { topic: names.reports, partition: wrong, key: objects[0]!, value: '{"agent":"d","state":"up"}' },
    { topic: names.reports, partition: 0, key: 'x', value: 'rubbish' },
  ])
  await caughtUp(client)
}

/** Waits until everything in the source has been applied, including re-appended records. */
async function caughtUp(client: QuorateClient): Promise<void> {
  for (;;) {
    const ends = await log.offsets(names.reports)
    const minPosition = ends.map(({ partition, end }) => `${partition}@${end - 1}`).join(', ')
    await Promise.all(objects.map((object) => client.get(object, { minPosition }).catch(() => undefined)))
    if (JSON.stringify(await log.offsets(names.reports)) === JSON.stringify(ends)) return
  }
}

async function read(topic: string, partition: number): Promise<LogRecord[]> {
  const { start, end } = (await log.offsets(topic)).find((it) => it.partition === partition)!
  const records: LogRecord[] = []
  const reader = log.reader({ topic, partition, from: start })
  while (reader.position < end) records.push(...(await reader.next()).records)
  reader.close()
  return records
}

describe('an audit of a system at rest', () => {
  it('finds that the store, the changelog and the sink match the source', async () => {
    const client = await serve()
    await live(client)
    expect(await audit(client)).toEqual(
      expect.objectContaining({
        code: 0,
        text: 'SAME  3 partitions, 11 objects: store, changelog and sink match the source.\n',
      }),
    )
  })

  it('leaves out what an operator had skipped, and reports it', async () => {
    const client = await serve()
    await live(client)
    await stop()
    const object = objects[0]!
    const partition = partitionOf(object, PARTITIONS)
    const { end } = (await log.offsets(names.reports))[partition]!
    const report = (agent: string, state: string) => ({
      topic: names.reports,
      partition,
      ...encodeSource({ type: 'report', object, data: { agent, state } }),
    })
    await log.append([report('x', 'odd'), report('y', 'down'), report('z', 'up')])
    const to = aggregatorTopology({ prefix: 'quorate', applicationId: 'aggregator', partitions: PARTITIONS })
    expect(await requestSkip(log, to, { partition, offset: end, reason: 'odd', by: 'alice' }, 0)).toMatchObject({
      outcome: 'noted',
    })
    const again = await serve()
    await caughtUp(again)
    const agents = (await again.explanation(object)).agents.map(({ agent }) => agent)
    expect([agents.includes('x'), agents.includes('y')]).toEqual([false, true])
    const letters = []
    for await (const letter of again.deadLetters.list()) letters.push(letter)
    expect(letters.filter(({ from }) => from === `${partition}@${end}`)).toEqual([
      expect.objectContaining({ key: object, reason: 'skipped by alice: odd' }),
    ])
    const { code, text } = await audit(again)
    expect([code, text]).toEqual([
      0,
      `partition ${partition}: offset ${end} by alice was skipped; it is left out here, too\nSAME  3 ` +
        `partitions, 11 objects: store, changelog and sink match the source.\n`,
    ])
    let output = ''
    const shown = new Writable({ write: (chunk, _encoding, done) => ((output += String(chunk)), done()) })
    await runSimulate({ input: { log, topic: names.reports, partition }, output: shown, errors: new Writable() })
    expect(output).toContain(`{"rejected":{"line":${end},"reason":"skipped by alice"},"partition":${partition}}`)
  })

  it('finds the same after a restart, and without the store', async () => {
    await live(await serve())
    await stop()
    expect((await audit(undefined)).text).toBe('SAME  3 partitions, 11 objects: changelog and sink match the source.\n')
    const client = await serve()
    await caughtUp(client)
    expect((await audit(client, true)).json).toEqual({
      audit: 'same',
      partitions: 3,
      compared: ['store', 'changelog', 'sink'],
      judged: 11,
      unjudged: 0,
      cut: [],
    })
  })

  it('finds no difference if nothing has happened', async () => {
    const client = await serve()
    expect((await audit(client)).code).toBe(0)
  })
})

describe('an audit of damage', () => {
  const victim = objects[4]!
  const partition = partitionOf(victim, PARTITIONS)

  const first = async (client: QuorateClient | undefined) => {
    const { code, json } = await audit(client, true)
    return { code, first: json['first'] as Record<string, unknown> & { offsets: Record<string, number> } }
  }

  it('finds an event of the sink that was altered, with its offsets', async () => {
    const client = await serve()
    await live(client)
    const told = (await read(names.states, partition)).filter(({ key }) => key?.toString() === victim).at(-1)!
    const value = told.value!.toString().replace('"state":"up"', '"state":"down"')
    const headers = told.headers.map(([name, bytes]) => [name, bytes.toString()] as const)
    const [position] = await log.append([{ topic: names.states, partition, key: victim, value, headers }])
    const found = await first(client)
    expect(found).toMatchObject({ code: 1, first: { where: 'sink', partition, object: victim, expected: null } })
    expect(found.first.offsets['kept']).toBe(position!.offset)
    expect((await audit(client)).text).toMatch(/^DIFFERENT {2}partition \d, site\/4: the event .* sink offset \d+\)\n/)
  })

  it('finds an event that is missing in the sink', async () => {
    const client = await serve()
    await live(client)
    await stop()
    const records = await read(names.states, partition)
    await log.deleteTopic(names.states)
    await log.ensureTopics([
      { name: names.states, partitions: PARTITIONS, cleanupPolicy: 'compact', timestampType: 'CreateTime' },
    ])
    const lacking = records.filter(({ key }) => key?.toString() !== victim)
    await log.append(
      lacking.map(({ key, value, headers }) => ({ topic: names.states, partition, key, value, headers })),
    )
    const { code, first: it } = await first(undefined)
    expect(code).toBe(1)
    expect(it).toMatchObject({ where: 'sink', kept: null })
  })

  it('finds a row of the changelog that was altered, lost or invented', async () => {
    const client = await serve()
    await live(client)
    const key = `object/${victim}`
    const row = (await read(changelog, partition)).filter((it) => it.key?.toString() === key).at(-1)!
    const other = (await read(changelog, partition))
      .filter((it) => /^object\/site/.test(it.key!.toString()))
      .find((it) => it.key!.toString() !== key)!
    const damages: [Buffer | null, string, RegExp][] = [
      [other.value, victim, /its view differs/],
      [null, victim, /it is missing/],
      [row.value, `${victim}x`, /should not be there/],
    ]
    for (const [value, object, what] of damages) {
      const [position] = await log.append([{ topic: changelog, partition, key: `object/${object}`, value }])
      const { code, first: it } = await first(client)
      expect([code, it['where'], it['object']]).toEqual([1, 'changelog', object])
      expect(it['what']).toMatch(what)
      expect(it.offsets['kept']).toBe(position!.offset)
      await log.append([
        { topic: changelog, partition, key: `object/${object}`, value: object === victim ? row.value : null },
      ])
      expect((await audit(client)).code).toBe(0)
    }
  })

  it('finds inconsistent rows of the changelog, and a change of the history that differs', async () => {
    const client = await serve()
    await live(client)
    await client.report(victim, 'a', { state: 'down', seq: 90 }, { wait: 5 })
    await client.report(victim, 'b', { state: 'down', seq: 90 }, { wait: 5 })
    await caughtUp(client)
    expect((await audit(client)).code).toBe(0)
    const rows = (await read(changelog, partition)).filter((it) => it.key?.toString().startsWith(`history/${victim}`))
    const [history] = rows as [LogRecord]
    const evidence = Buffer.from(`evidence/${victim}\0nobody`)
    const damages: [Buffer, Buffer | null, Buffer | null, RegExp][] = [
      [evidence, Buffer.from('1'), null, /are inconsistent: its object does not refer to it/],
      [Buffer.from(`evidence/${victim}\0c`), Buffer.from('{"i":5}'), Buffer.from('{"i":4}'), /its reports differ/],
      [history.key!, null, history.value, /are inconsistent: version 1 is missing/],
      [
        history.key!,
        Buffer.from(history.value!.toString().replace('"participants":1', '"participants":2')),
        history.value,
        /its history differs/,
      ],
    ]
    for (const [key, value, sound, what] of damages) {
      await log.append([{ topic: changelog, partition, key, value }])
      const { code, first: it } = await first(client)
      expect([code, it['where'], it['object']]).toEqual([1, 'changelog', victim])
      expect(it['what']).toMatch(what)
      await log.append([{ topic: changelog, partition, key, value: sound }])
      expect((await audit(client)).code).toBe(0)
    }
  })

  it('finds a policy of the changelog that nobody set', async () => {
    const client = await serve()
    await live(client)
    const policy = { ...(await client.policy('sites')), quorum: 3 }
    await log.append([{ topic: changelog, partition, key: 'settings/policies/sites', value: JSON.stringify(policy) }])
    expect(await first(client)).toMatchObject({ code: 1, first: { where: 'changelog' } })
  })

  const younger = (row: Buffer): Buffer => {
    const object = decodeObject(victim, row, 0, new Settings())
    object.rows[0]!.at++
    return encodeObject(object)
  }

  it.each([
    ['evidence', `${victim}\0c`, '{"i":5}', 'its reports differ'],
    ['evidence', `${victim}\0c`, '{"i"', 'its reports cannot be read'],
    ['history', `${victim}\x00000001`, '"participants":2', 'its history differs'],
    ['object', victim, 'a report that is 1 ms younger', 'its reports differ'],
  ])('finds a row of the running store that was altered: %s %j becomes %s', async (table, key, damage, what) => {
    const before = await serve()
    await live(before)
    await before.report(victim, 'a', { state: 'down', seq: 90 }, { wait: 5 })
    await before.report(victim, 'b', { state: 'down', seq: 90 }, { wait: 5 })
    await caughtUp(before)
    await stop()
    const db = new Sqlite(join(dir, 'aggregator', `${partition}.db`))
    const row = db.prepare(`SELECT v FROM "rows/${table}" WHERE k = ?`).get(key) as { v: Buffer }
    const value =
      table === 'object'
        ? younger(row.v)
        : table === 'history'
          ? row.v.toString().replace('"participants":1', damage)
          : damage
    db.prepare(`UPDATE "rows/${table}" SET v = ? WHERE k = ?`).run(Buffer.from(value), key)
    db.close()
    const client = await serve()
    await caughtUp(client)
    expect(await first(client)).toMatchObject({ code: 1, first: { where: 'store', partition, object: victim, what } })
  })

  it('finds a store that does not match its changelog', async () => {
    await live(await serve())
    await stop()
    const db = new Sqlite(join(dir, 'aggregator', `${partition}.db`))
    const removed = db.prepare('DELETE FROM "rows/object" WHERE k = ?').run(victim)
    db.close()
    expect(removed.changes).toBe(1)
    const client = await serve()
    await caughtUp(client)
    expect(await first(client)).toMatchObject({
      code: 1,
      first: { where: 'store', partition, object: victim, kept: null, what: 'it is missing' },
    })
  })
})

describe('an audit that cannot judge', () => {
  it('reports that the server belongs to another deployment than the topics', async () => {
    const client = await serve()
    await client.report(objects[0]!, 'a', { state: 'up' })
    const others = topicNames('q2')
    await log.ensureTopics([
      { name: others.reports, partitions: PARTITIONS, cleanupPolicy: 'delete', timestampType: 'LogAppendTime' },
    ])
    const { code, text } = await audit(client, false, 'q2')
    expect({ code, text }).toEqual({
      code: 2,
      text: expect.stringMatching(
        /^CANNOT JUDGE {2}The server has another prefix: .*"quorate.aggregator".*"q2.aggregator"/,
      ),
    })
  })

  it('reports that records of the source were lost before they were applied', async () => {
    await live(await serve())
    await stop()
    const { end } = (await log.offsets(names.reports))[0]!
    const record = (command: SourceCommand) => ({ topic: names.reports, partition: 0, ...encodeSource(command) })
    await log.append([record({ type: 'tick' }), record({ type: 'tick' })])
    await log.truncate(names.reports, 0, end + 1)
    const { code, text } = await audit(undefined)
    expect([code, text]).toEqual([2, expect.stringMatching(/^CANNOT JUDGE {2}Partition 0 .* lost to its retention/)])
  })
})

describe('an audit of a source that has lost its beginning', () => {
  it('says from where it judges, and judges only objects after that', async () => {
    const client = await serve()
    await live(client)
    const ends = await log.offsets(names.reports)
    for (const { partition, end } of ends) await log.truncate(names.reports, partition, end)
    const fresh = ['new/1', 'new/2', 'new/3', 'new/4', 'site/new']
    for (const object of fresh) await client.report(object, 'a', { state: 'up' }, { wait: 5 })
    // Agents on older objects: the replay knows only half of their votes.
    for (const object of objects) await client.report(object, 'z', { state: 'down' }, { wait: 5 })
    await caughtUp(client)
    const { code, json } = await audit(client, true)
    expect([code, json['audit']]).toEqual([0, 'same'])
    expect(json).toMatchObject({ judged: expect.any(Number), unjudged: expect.any(Number) })
    expect(json['judged'] as number).toBeGreaterThanOrEqual(fresh.length)
    expect((await audit(client)).text).toMatch(
      /partition 0: the source begins at offset \d+; only objects created at \d+ or later are judged/,
    )
  })

  it('knows a policy that was appended again, although weights set since made a dictator', async () => {
    const client = await serve()
    await client.putPolicy('pair', { match: 'pair/*', electorate: ['a', 'b'] })
    await client.putAgent('a', { weight: 5 })
    await caughtUp(client)
    const data = (await client.policy('pair')) as PolicyInput
    for (const { partition, end } of await log.offsets(names.reports)) {
      const record = (command: SourceCommand) => ({ topic: names.reports, partition, ...encodeSource(command) })
      const agent = record({ type: 'agent-set', data: { agent: 'a', weight: 5 } })
      const headers = [...agent.headers, [REAPPENDED, '1'] as const]
      await log.append([{ ...agent, headers }, record({ type: 'policy-set', data, reappended: true })])
      await log.truncate(names.reports, partition, end)
    }
    for (const object of ['pair/1', 'pair/2', 'pair/3', 'pair/4'])
      await client.report(object, 'a', { state: 'up' }, { wait: 5 })
    expect((await client.get('pair/1')).view).toMatchObject({ policy: 'pair', electorate: 6, state: 'up' })
    expect((await log.offsets(names.deadLetters)).every(({ end }) => end === 0)).toBe(true)
    const { code, json } = await audit(client, true)
    expect([code, json['judged']]).toEqual([0, 4])
  })

  it('still finds damage after that', async () => {
    const client = await serve()
    await live(client)
    for (const { partition, end } of await log.offsets(names.reports)) await log.truncate(names.reports, partition, end)
    await client.report('new/1', 'a', { state: 'up' }, { wait: 5 })
    await caughtUp(client)
    const partition = partitionOf('new/1', PARTITIONS)
    const row = (await read(changelog, partition)).filter(({ key }) => key?.toString() === 'object/new/1').at(-1)!
    expect((await audit(client)).code).toBe(0)
    const told = (await read(names.states, partition)).filter(({ key }) => key?.toString() === 'new/1').at(-1)!
    const headers = told.headers.map(([name, bytes]) => [name, bytes.toString()] as const)
    await log.append([{ topic: names.states, partition, key: 'new/1', value: told.value, headers }])
    const twice = await audit(client, true)
    expect([twice.code, twice.json['first']]).toEqual([1, expect.objectContaining({ where: 'sink', object: 'new/1' })])
    // The state in its encoding: the row has another state for the same incarnation.
    await client.report('new/1', 'a', { state: 'dn' }, { wait: 5 })
    await log.append([{ topic: changelog, partition, key: 'object/new/1', value: row.value }])
    const { text } = await audit(undefined)
    expect(text).toMatch(/^DIFFERENT/)
  })
})

describe('an audit of a running system', () => {
  it('reports no false difference while reports come in', async () => {
    const client = await serve()
    await live(client)
    let working = true
    const work = (async () => {
      for (let i = 0; working; i++)
        await client.report(objects[i % objects.length]!, 'abc'[i % 3]!, { state: i % 7 < 3 ? 'down' : 'up' })
    })()
    for (let i = 0; i < 3; i++) {
      const { code } = await audit(client)
      expect([0, 2]).toContain(code)
    }
    working = false
    await work
    await caughtUp(client)
    expect((await audit(client)).code).toBe(0)
  })
})
