import fc from 'fast-check'
import { openEmbeddedLog } from '@quorate/log/embedded'
import { fuzzing, TestDriver } from '@quorate/streams/testing'
import { Writable } from 'node:stream'
import { runSimulate } from '../../cli/src/simulate'
import { aggregatorTopology, ObjectReader, VoteProcessor } from '@quorate/engine/core'

const topology = aggregatorTopology({ prefix: 'fuzz', applicationId: 'aggregator', partitions: 2 })
const TYPES = [
  'report', 'leave', 'report-removed', 'override-set', 'override-cleared', 'object-deleted', 'policy-set', 'policy-deleted',
  'agent-set', 'agent-removed', 'tick', 'resharded', 'snapshot', 'nothing', '__proto__', '',
] // prettier-ignore

const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map((it) => Buffer.from(it))
const json = fc.jsonValue({ maxDepth: 6 }).map((it) => Buffer.from(JSON.stringify(it)))
const state = fc.constantFrom('up', 'down', 'unknown', 'UP', '', 's'.repeat(65))
const agent = fc.oneof(fc.constantFrom('a', 'b', 'c', '__proto__', 'constructor'), fc.string({ maxLength: 300 }))
const member = fc.oneof(
  fc.integer(),
  fc.double(),
  fc.string({ maxLength: 20 }),
  fc.constant(null),
  fc.jsonValue({ maxDepth: 2 }),
)
const said = fc
  .record(
    {
      agent, state, seq: member, session: member, ttl: member, observedAt: member, evidence: fc.jsonValue({ maxDepth: 5 }), reason: member, author: member,
      expiresAt: member, mode: member, ifMatch: member, name: fc.constantFrom('p', 'default', '__proto__', ''), match: fc.constantFrom('**', 'o/*', 'x'),
      method: fc.constantFrom('majority', 'ordered', 'dice'), states: fc.constantFrom(['up', 'down'], [], 'up'), quorum: member, weight: member, muted: member,
    },
    { requiredKeys: [] },
  )
  .map((it) => Buffer.from(JSON.stringify(it))) // prettier-ignore
const deep = fc.integer({ min: 1, max: 20_000 }).map((depth) => {
  const nested = `${'['.repeat(depth)}${']'.repeat(depth)}`
  return Buffer.from(`{"agent":"deep","state":"up","evidence":${nested}}`)
})
const key = fc.oneof(fc.constantFrom('o/1', 'o/2', 'x'), fc.string({ maxLength: 600 }), fc.constant(null), bytes(40))
const header = fc.tuple(
  fc.constantFrom('ce_type', 'ce_id', 'quorate-request', 'quorate-reappended', 'idempotency-key', 'other'),
  fc.oneof(fc.constantFrom(...TYPES), fc.string({ maxLength: 100 }), bytes(2000)),
)
const record = fc.record({
  key,
  value: fc.oneof(bytes(200), json, said, said, said, fc.constant(null), deep),
  headers: fc.oneof(
    fc.constantFrom(...TYPES).map((type) => [['ce_type', type] as const]),
    fc.array(header, { maxLength: 4 }),
  ),
  partition: fc.constantFrom(0, 1),
})
const good = (n: number) =>
  Array.from({ length: n }, (_, i) => ({ key: `good/${i}`, value: '{"agent":"good","state":"up"}', headers: [] }))

const textOf = ({ headers }: { headers: readonly (readonly [string, Buffer])[] }, name: string) =>
  headers
    .filter(([it]) => it === name)
    .at(-1)?.[1]
    .toString()

it('leaves lag 0 whatever lies in the source: good records are applied, each bad one is among the dead letters once, simulate says the same', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(record, { minLength: 1, maxLength: 60 }), async (records) => {
      let now = 1_000_000
      const log = await openEmbeddedLog({ memory: true }, { now: () => now++ })
      const processor = () => new VoteProcessor({ source: '/fuzz/aggregator' })
      const driver = await TestDriver.open({ topology, processor, log })
      try {
        await driver.start()
        await driver.pipe(...good(4))
        for (const it of records) await driver.pipe(it)
        await driver.pipe(...good(8).slice(4))
        await driver.settle()
        for (const partition of [0, 1]) expect(driver.task(partition)).toMatchObject({ lag: 0, state: 'running' })
        const reader = [new ObjectReader(), new ObjectReader()]
        const seen = [0, 1].flatMap((p) => {
          const task = driver.task(p)
          return [...reader[p]!.list((name) => task.table(name), undefined)].map(({ object }) => object.id)
        })
        for (const { key } of good(8)) expect(seen).toContain(key)
        const dead = await driver.read(topology.outputs['dead-letters']!)
        const places = dead.map((it) => `${textOf(it, 'quorate-partition')}@${textOf(it, 'quorate-offset')}`)
        expect(new Set(places).size).toBe(places.length)
        let text = ''
        const output = new Writable({ write: (chunk: Buffer, _e, done) => ((text += chunk.toString()), done()) })
        await runSimulate({
          input: { log, topic: topology.source },
          output,
          errors: new Writable({ write: (_c, _e, done) => done() }),
        })
        const lines = text
          .split('\n')
          .filter((line) => line !== '')
          .map((line) => JSON.parse(line) as { partition: number; event?: { id: string }; rejected?: { line: number } })
        expect(
          lines.flatMap(({ rejected, partition }) => (rejected ? [`${partition}@${rejected.line}`] : [])).sort(),
        ).toEqual(places.sort())
        const events = (await driver.read(topology.outputs.states!)).map((it) => textOf(it, 'ce_id'))
        expect(lines.flatMap(({ event }) => (event ? [event.id] : [])).sort()).toEqual(events.sort())
      } finally {
        await driver.close()
        await log.close()
      }
    }),
    fuzzing(12),
  )
}, 600_000)
