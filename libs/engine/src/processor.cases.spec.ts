import { ObjectReader } from './objects/object-reader'
import { eventsOf, linesOf, policiesOf, readCases } from '../testing/case-file'
import { CASE_RULES } from '@quorate/vote/testing'
import { parseOutput, simulate, toJsonLines, type ScenarioLine } from '../testing/scenario'
import { reasons, sinkEvents } from '../testing/sink'
import { recordsOf, TestTask, type TestTaskOptions } from '../testing/test-task'

const files = ['published.json', 'votes.json', 'voted.json', 'overrides.json', 'rules.json', 'crowds.json']
const rows = files.flatMap((file) => readCases(file)).map((row) => [row.id, row.says, row] as const)

/** Turns the policies of a case into its first lines: the processor has no policies file. */
function scenario(row: (typeof rows)[number][2]): ScenarioLine[] {
  const first = (policiesOf(row) ?? []).map((data) => ({ at: 0, type: 'policy-set', data }))
  return [...first, ...linesOf(row).lines]
}

/** True once in `n` calls, the same in every run. */
function oneIn(n: number): () => boolean {
  let x = n
  return () => {
    x = (Math.imul(x, 1664525) + 1013904223) >>> 0
    return (x >>> 8) % n === 0
  }
}

const ways: [string, TestTaskOptions][] = [
  ['in one batch', {}],
  ['cut after every evaluation', { cut: () => true }],
  ['cut after every evaluation, with a death before every third commit', { cut: () => true, crash: oneIn(3) }],
  ['cut and crashed at irregular places, restored from the changelog', { cut: oneIn(2), crash: oneIn(4), wipe: true }],
  ['with nothing cached', { cut: () => true, hotBytes: 0 }],
  ['with each object packed as early as possible', { dirtyObjects: 1 }],
]

describe.each(ways)('the processor %s', (_way, options) => {
  it.each(rows)('gives the results of simulate: %s %s', async (_id, _says, row) => {
    const lines = scenario(row)
    const output = parseOutput((await simulate(toJsonLines(lines), { rules: CASE_RULES })).text)
    const task = new TestTask({ rules: CASE_RULES, ...options })
    task.run(recordsOf(lines))
    expect(sinkEvents(task.to('states'))).toEqual(eventsOf(output))
    const rejected = output.flatMap((line) => ('rejected' in line ? [line.rejected.reason] : []))
    expect(reasons(task.to('dead-letters'))).toEqual(rejected)
  })
})

describe('the reader of the store', () => {
  it.each(rows)('shows what a look shows: %s %s', async (_id, _says, row) => {
    const lines = scenario(row)
    const looks = parseOutput((await simulate(toJsonLines(lines), { rules: CASE_RULES })).text).flatMap((line) =>
      'look' in line ? [line.look] : [],
    )
    const task = new TestTask({ rules: CASE_RULES })
    const reader = new ObjectReader(CASE_RULES)
    const records = recordsOf(lines)
    for (const [offset, line] of lines.entries()) {
      if (line.type !== 'look') continue
      task.run(records.slice(0, offset + 1))
      const read = reader.read(task.tables, line.object!)
      expect(read === undefined ? null : reader.view(read)).toEqual(looks.shift())
    }
    expect(looks).toEqual([])
  })
})
