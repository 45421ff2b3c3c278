import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { silentLogger } from '@quorate/log'
import { changelogKey } from '@quorate/state-store'
import { sinkEvents } from '../../testing/sink'
import type { ScenarioLine } from '../../testing/scenario'
import { recordsOf, TestTask } from '../../testing/test-task'
import { TABLE } from '../tables'
import { inconsistencies } from './checker'
import { ObjectReader } from './object-reader'

/**
 * The rows of a partition as a release before 22c18b0 left them. `s1`: 20 agents reported up and 21 down, one after the
 * other, with a restart before the last two. `s2`: 70 agents in one request, of which six were removed: its row says 70
 * and the third page is missing. `d1`: an agent's four reports became four rows, three of them under a text that it
 * sent. `d4`: 15 changes under a policy that later kept one: 11 rows that nothing owns.
 */
const fixture = JSON.parse(readFileSync(join(__dirname, '../../testing/fixtures/damaged-store.json'), 'utf8')) as {
  position: number
  rows: [table: string, key: string, base64: string][]
}

/** A task over these rows, and what it logs. */
function damaged() {
  const logged: string[] = []
  const logger = { ...silentLogger, warn: (_fields: object, text: string) => void logged.push(text) }
  const task = new TestTask({ logger })
  task.store.close()
  for (const [table, key, base64] of fixture.rows)
    task.changelog.set(changelogKey(table, key), Buffer.from(base64, 'base64'))
  task.offset = fixture.position
  task.restore()
  return { task, logged }
}

/** Records after those that were applied, at least an hour after the last of them. */
function behind(lines: readonly Omit<ScenarioLine, 'at'>[]) {
  const clock = fixture.rows.find(([table, key]) => table === TABLE.settings && key === 'clock')!
  const { time } = JSON.parse(Buffer.from(clock[2], 'base64').toString('utf8')) as { time: number }
  const records = recordsOf(lines.map((line) => ({ ...line, at: time + 1000 })))
  return records.map((record) => ({ ...record, offset: fixture.position + record.offset }))
}

const viewOf = (task: TestTask, id: string) => {
  const reader = new ObjectReader()
  const read = reader.read(task.tables, id)
  return read && reader.view(read)
}
const found = (task: TestTask) => [...inconsistencies((name) => task.store.table(name))]

describe('rows that an earlier release wrote wrongly', () => {
  it('are found and classified', () => {
    const { task } = damaged()
    const said = found(task).map(({ kind, object, table }) => `${kind} ${table} ${object}`)
    expect([...new Set(said)].sort()).toEqual([
      'orphan history d4',
      'reports object d1',
      'reports object s1',
      'reports object s2',
    ])
  })

  it('are read where they exist, before anything is repaired', () => {
    const { task } = damaged()
    expect(viewOf(task, 's2')).toMatchObject({ tally: { up: 64 }, electorate: 64 })
  })

  it('cause a tick, are repaired at the next record, logged in one line, and never again', () => {
    const { task, logged } = damaged()
    expect(task.nextDue()).toBe(0)
    task.run(behind([{ type: 'tick' }]))
    expect(found(task)).toEqual([])
    expect(logged).toEqual([
      expect.stringMatching(
        /^an earlier release wrote inconsistent rows: .* 3 objects were counted again .* 11 rows .* deleted, 0 rows/,
      ),
    ])
    expect(viewOf(task, 's2')).toMatchObject({ tally: { up: 64 }, electorate: 64 })
    expect(task.nextDue()).toBeGreaterThan(0)
    task.restore()
    expect(task.nextDue()).toBeGreaterThan(0)
    expect(found(task)).toEqual([])
  })

  it('block nothing: reports come and go, and objects are deleted', () => {
    const { task } = damaged()
    task.run(
      behind([
        { object: 's2', type: 'report', data: { agent: 'b69', state: 'down' } },
        { object: 's2', type: 'leave', data: { agent: 'b10' } },
        { object: 's1', type: 'object-deleted', data: {} },
        { object: 'd4', type: 'object-deleted', data: {} },
      ]),
    )
    expect(viewOf(task, 's2')).toMatchObject({ tally: { up: 63, down: 1 }, electorate: 64 })
    expect(found(task)).toEqual([])
    expect([...task.changelog.keys()].filter((key) => /\/(s1|d4)\b/.test(key))).toEqual([])
  })

  it('are decided again if the existing reports decide otherwise', () => {
    const { task } = damaged()
    task.run(behind([{ type: 'tick' }]))
    // The rows do not contain the other agent's name; the audit reports it.
    expect(viewOf(task, 'd1')).toMatchObject({ tally: { up: 2, down: 2 }, electorate: 4 })
    const events = sinkEvents(task.to('states')).filter(({ subject }) => subject === 's1')
    const view = viewOf(task, 's1')!
    expect(events.at(-1)?.data ?? view).toEqual(view)
    const [winner] = Object.entries(view.tally).sort(([, a], [, b]) => b - a)[0]!
    expect(view.state).toBe(winner)
  })
})

it('are absent in a partition that this release created', () => {
  const task = new TestTask()
  task.run(recordsOf([{ at: 1000, object: 'o', type: 'report', data: { agent: 'a', state: 'up' } }]))
  task.restore()
  expect(task.nextDue()).toBeGreaterThan(0)
})
