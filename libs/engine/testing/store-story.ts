import { decodeSourceData, type ObjectId } from '@quorate/contracts'
import { inconsistencies } from '../src/objects/checker'
import { ObjectReader } from '../src/objects/object-reader'
import { AGGREGATOR_TABLES } from '../src/tables'
import { Fold } from '@quorate/vote'
import { KeptState, reportsOf, type ReadOfObject } from './kept-state'
import { Chance } from '@quorate/vote/testing'
import type { ScenarioLine } from './scenario'
import { sinkEvents } from './sink'
import { recordsOf, TestTask, type TestTaskOptions } from './test-task'

/** What is done to a task between two batches. */
const DEEDS = ['nothing', 'nothing', 'reopen', 'restore', 'promote', 'follow', 'wake'] as const

/**
 * Runs one scenario through the real processor and store, in random batches, with cuts, reopening, restores and a
 * handover to a standby; in parallel through the fold in memory. After each batch everything that can be read is
 * compared, and the rows are checked for consistency.
 */
export class StoreStory {
  readonly task: TestTask
  /** Number of records that were applied and compared. */
  steps = 0
  readonly #model = new KeptState()
  readonly #fold = new Fold(this.#model)
  readonly #reader = new ObjectReader()
  readonly #chance: Chance
  readonly #objects: readonly ObjectId[]
  #looks = 0

  readonly #lines: readonly ScenarioLine[]
  /** Maximum records per batch; one of these is chosen at random. */
  readonly #batches: readonly number[]

  constructor(
    seed: number,
    lines: readonly ScenarioLine[],
    options: TestTaskOptions = {},
    batches: readonly number[] = [1, 1, 3, 12],
  ) {
    this.#lines = lines
    this.#batches = batches
    const chance = (this.#chance = new Chance(seed + 1_000_003))
    this.#objects = [...new Set(lines.flatMap(({ object }) => object ?? []))]
    const cuts = chance.of([1, 2, 5, 1_000])
    this.task = new TestTask({
      hotBytes: chance.of([0, 3_000, 1 << 20]),
      dirtyObjects: chance.of([1, 2, 512]),
      cut: () => chance.oneIn(cuts),
      ...options,
    })
  }

  /** The output of the fold in memory, in the format of `simulate`. */
  get expected(): unknown[] {
    return this.#model.events.map((event) => ({ event }))
  }

  run(): void {
    const records = recordsOf(this.#lines)
    for (let from = 0; from < records.length;) {
      const to = Math.min(records.length, from + 1 + this.#chance.below(this.#chance.of(this.#batches)))
      this.task.run(records.slice(0, to))
      for (let offset = from; offset < to; offset++) this.#apply(offset)
      this.#compare(new Set(this.#lines.slice(from, to).flatMap(({ object }) => object ?? [])))
      this.steps += to - from
      from = to
      this.#disturb()
    }
    this.#compareAll()
    this.#compareChangelog()
    same(sinkEvents(this.task.to('states')), this.#model.events)
    this.task.close()
  }

  #apply(offset: number): void {
    const { type, object, at, data } = this.#lines[offset]!
    this.#fold.advance(at, offset)
    if (type === 'look') return
    const { command, reject } = decodeSourceData(type, object ?? null, data ?? null, 100)
    if (command === undefined) throw new Error(reject)
    this.#fold.apply(command, offset)
    this.#model.shorten()
  }

  #disturb(): void {
    const deed = this.#chance.of(DEEDS)
    if (deed === 'nothing') return
    if (deed === 'wake') this.task.nextDue()
    else this.task[deed]()
    // A new reader: the cached decoded objects are not the rows.
    if (this.#chance.oneIn(6)) this.#compareAll()
  }

  #compare(objects: Iterable<ObjectId>): void {
    for (const id of objects) same(this.#read(id), this.#model.read(id))
    if (++this.#looks % 9 === 0) this.#compareAll()
  }

  #compareAll(): void {
    const views = new Map<ObjectId, unknown>()
    for (const id of this.#objects) {
      const expected = this.#model.read(id)
      same(this.#read(id), expected)
      views.set(id, expected?.view)
    }
    const listed = [...this.#reader.list(this.task.tables, undefined)].map((read) => this.#reader.view(read))
    same(
      listed,
      [...this.#model.ids(undefined)].map((id) => views.get(id)),
    )
    same([...inconsistencies((name) => this.task.store.table(name))], [])
    if (this.#chance.oneIn(10)) this.#compareChangelog()
  }

  /** The changelog alone must restore the same rows with the same due times. */
  #compareChangelog(): void {
    const copy = this.task.copy()
    for (const { name, dueOf } of AGGREGATOR_TABLES) {
      const [ours, theirs] = [this.task.store.table(name), copy.table(name)]
      const rows = (table: typeof ours) =>
        [...table.range()].map(({ key, value }) => [key, value.toString('base64'), dueOf && table.dueOf(key)])
      same(rows(theirs), rows(ours))
    }
    copy.close()
  }

  #read(id: ObjectId): ReadOfObject | undefined {
    const { tables } = this.task
    const read = this.#reader.read(tables, id)
    if (read === undefined) return undefined
    const { agents, ...explanation } = this.#reader.explanation(tables, read)
    const given = agents.filter(({ evidence }) => evidence !== null)
    return {
      view: this.#reader.view(read),
      explanation: { ...explanation, agents: agents.map(({ evidence: _, ...agent }) => agent) },
      evidence: Object.fromEntries(given.map(({ agent, evidence }) => [agent, evidence])),
      history: this.#reader.history(tables, read),
      reports: reportsOf(read.object),
    }
  }
}

/** Compares as text first, because comparing member by member takes far longer than everything else. */
function same(actual: unknown, expected: unknown): void {
  if (JSON.stringify(actual) !== JSON.stringify(expected)) expect(actual).toEqual(expected)
}
