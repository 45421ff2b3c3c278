import { CHECKPOINT_KEY, decodeCheckpoint } from '@quorate/state-store'
import { fuzzing, intrusions, TestDriver } from '@quorate/streams/testing'
import fc from 'fast-check'
import { aggregatorTopology, ObjectReader, VoteProcessor } from '@quorate/engine/core'

const topology = aggregatorTopology({ prefix: 'fuzz', applicationId: 'aggregator', partitions: 1 })
const KEYS = [
  'object/site/x', 'object/crowd', 'agents/crowd\u00001', 'agents/crowd\u00002', 'agents/site/x\u00001', 'agents/lost\u00001', 'evidence/site/x\u0000a',
  'history/site/x\u0000000001', 'requests/key/k', 'requests/at/1/k', 'requests/at/', 'settings/policies/p', 'settings/policies/', 'settings/agents/a',
  'settings/clock', 'settings/pending', 'settings/reshard', 'settings/reappended', 'unknown/table', 'no-table', '', '@/checkpoint', '@/other', '/', 'object/',
] // prettier-ignore

const typed = (type: string, value: unknown, key: string | null = null) => ({
  key,
  value: JSON.stringify(value),
  headers: [['ce_type', type]] as [string, string][],
})
const report = (key: string, agent: string, state: string, more: object = {}) => ({
  key,
  value: JSON.stringify({ agent, state, ...more }),
})

/**
 * Rows of every table and layout: pages, evidence, history, requests, a policy that is being applied, settings,
 * overrides, deadlines.
 */
const STORY = [
  typed('policy-set', { name: 'p', match: 'site/*', method: 'threshold', thresholds: { down: 2 }, history: 5, ttl: 600, holdFor: 30 }),
  typed('policy-set', { name: 'g', match: 'crowd', groups: { by: 'prefix' } }),
  typed('agent-set', { agent: 'a', weight: 3, muted: false }),
  ...['up', 'down', 'up', 'down'].map((state, i) => ({ ...report('site/x', 'a', state, { seq: i, session: 's', ttl: 60_000, evidence: { n: i } }), headers: [['idempotency-key', `k${i}`]] as [string, string][] })),
  report('site/x', 'b', 'down'), report('site/y', 'ß', 'up', { observedAt: 5 }),
  ...Array.from({ length: 70 }, (_, i) => report('crowd', `agent-${i}`, i % 3 === 0 ? 'down' : 'up')),
  typed('override-set', { state: 'maintenance', reason: 'r', author: 'me', expiresAt: 1_700_000_900_000, mode: 'pin' }, 'site/y'),
] // prettier-ignore

it('starts, applies and stops whatever lies in its changelog', async () => {
  const intruders = fc.array(intrusions({ keys: KEYS }), { minLength: 1, maxLength: 12 })
  await fc.assert(
    fc.asyncProperty(intruders, async (them) => {
      const driver = await TestDriver.open({
        topology,
        processor: () => new VoteProcessor({ source: '/fuzz/aggregator' }),
      })
      let good = 0
      const goesOn = async (): Promise<void> => {
        const id = `good/${good++}`
        await driver.pipe(report(id, 'one', 'up'), report(id, 'two', 'up'))
        await driver.settle()
        const task = driver.task(0)
        expect(task).toMatchObject({ lag: 0, state: 'running' })
        const reader = new ObjectReader()
        const tables = (name: string) => task.table(name)
        const listed = [...reader.list(tables, undefined)]
        expect(listed.map(({ object }) => object.id)).toContain(id)
        expect(reader.view(reader.read(tables, id)!)).toMatchObject({ participants: 2 })
      }
      try {
        await driver.start()
        await driver.pipe(...STORY)
        await goesOn()
        await driver.stop()
        const rows = (await driver.read(topology.changelog)).filter(({ key }) => key?.toString() !== CHECKPOINT_KEY)
        const records = them
          .map((it) => it(rows.map(({ key, value }) => ({ key, value }))))
          // A checkpoint that can be read counts, even a foreign one: health names where it points, and an operator
          // decides.
          .filter(({ key, value }) => String(key) !== CHECKPOINT_KEY || !value || !decodeCheckpoint(value))
        await driver.log.append(records.map((it) => ({ topic: topology.changelog, partition: 0, ...it })))
        driver.loseDisk()
        await driver.start()
        await goesOn()
        driver.clock.advance(86_400_000)
        await goesOn()
        // Records of the objects that may be damaged stop nothing, whatever becomes of them.
        await driver.pipe(...STORY)
        await goesOn()
        await driver.stop()
        await driver.start()
        await goesOn()
      } finally {
        await driver.close()
      }
    }),
    fuzzing(12),
  )
}, 3_600_000)
