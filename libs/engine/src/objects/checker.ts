import type { ObjectId } from '@quorate/contracts'
import type { TableReader } from '@quorate/state-store'
import { CLOCK, evidenceKey, historyKey, PENDING, TABLE } from '../tables'
import {
  newGuard,
  nextDeadline,
  NO_RULES,
  recount,
  standingOf,
  type Guard,
  type HistoryEntry,
  type Rules,
  type Settings,
} from '@quorate/vote'
import type { HotObject } from './hot-object'
import { readClock, readReshard, readSettings } from './settings-rows'
import { storedObject } from './stored-object'

/** The rows of one partition by table name; `dueOf` if the table has a schedule. */
export type CheckedTables = (name: string) => TableReader & { dueOf?(key: string): number | undefined }

/**
 * `reports`: an object's row and its pages. `orphan`: a row that no object owns. `lost`: a missing row that an object
 * should own.
 */
export type InconsistencyKind = 'reports' | 'orphan' | 'lost' | 'due' | 'guard' | 'request'

/** Rows of a partition that contradict each other. */
export interface Inconsistency {
  readonly kind: InconsistencyKind
  readonly table: string
  readonly key: string
  /** The affected object; undefined: the partition as a whole. */
  readonly object?: ObjectId
  readonly what: string
  /** The actual counts, if those of the guard are wrong. */
  readonly counts?: Pick<Guard, 'known' | 'stale' | 'lost'>
}

/**
 * Compares everything that is spread over several rows of a partition: an object's row with its pages, its reports with
 * their evidence, its versions with their history, its due time with its deadlines and the schedule, the guard's counts
 * with the objects, and both rows of a request.
 */
export function* inconsistencies(tables: CheckedTables, rules: Rules = NO_RULES): Generator<Inconsistency> {
  const check = new Check(tables, rules)
  yield* check.objects()
  yield* check.parts(TABLE.agents, ({ storedPages }, part) => isPage(part, storedPages))
  yield* check.parts(TABLE.evidence, ({ rows }, part) => rows.some((row) => row.agent === part && row.hasEvidence))
  yield* check.parts(TABLE.history, ({ id, oldest, version }, part) => {
    const at = parseInt(part, 36)
    return at >= oldest && at < version && historyKey(id, at) === historyKey(id, 0).slice(0, id.length + 1) + part
  })
  yield* check.guard()
  yield* check.requests()
}

const isPage = (part: string, pages: number): boolean => /^[1-9]\d*$/.test(part) && Number(part) <= pages

class Check {
  readonly #settings: Settings
  readonly #time: number
  readonly #known: Guard
  readonly #counts = newGuard()
  readonly #isSwept: boolean
  #last: HotObject | undefined

  readonly #tables: CheckedTables

  constructor(tables: CheckedTables, rules: Rules) {
    this.#tables = tables
    const settings = tables(TABLE.settings)
    const clock = readClock(settings)
    this.#settings = readSettings(settings, rules)
    this.#time = clock.time ?? 0
    this.#known = clock.guard
    // While a policy is being applied or a reshard imported, not all objects are up to date.
    this.#isSwept = settings.get(PENDING) === undefined && (readReshard(settings)?.importing ?? 0) === 0
  }

  *objects(): Generator<Inconsistency> {
    for (const { key, value } of this.#tables(TABLE.object).range()) {
      const found: Inconsistency[] = []
      const object = storedObject(key, value, this.#settings, this.#tables, ({ page, what }) =>
        found.push({
          kind: 'reports',
          table: TABLE.object,
          key,
          object: key,
          what: page === 0 ? what : `page ${page}: ${what}`,
        }),
      )
      if (found.length === 0 && new Set(object.rows.map(({ agent }) => agent)).size < object.rows.length)
        found.push({ kind: 'reports', table: TABLE.object, key, object: key, what: 'an agent has several reports' })
      yield* found
      yield* this.#lost(object)
      if (this.#isSwept) yield* this.#due(object)
      const standing = standingOf(this.#known, object)
      if (standing === 'known' || standing === 'stale') this.#counts.known++
      if (standing === 'stale') this.#counts.stale++
      if (standing === 'lost') this.#counts.lost++
    }
  }

  *#lost({ id, rows, oldest, version }: HotObject): Generator<Inconsistency> {
    const lost = (table: string, key: string, what: string) => ({ kind: 'lost', table, key, object: id, what }) as const
    for (const { agent, hasEvidence } of rows) {
      if (!hasEvidence) continue
      const key = evidenceKey(id, agent)
      if (this.#tables(TABLE.evidence).get(key) === undefined)
        yield lost(TABLE.evidence, key, 'the evidence is missing')
    }
    for (let at = oldest; at < version; at++) {
      const key = historyKey(id, at)
      const value = this.#tables(TABLE.history).get(key)
      if (value === undefined) yield lost(TABLE.history, key, `version ${at} is missing`)
      else if ((JSON.parse(value.toString('utf8')) as HistoryEntry).version !== at)
        yield lost(TABLE.history, key, `version ${at} holds another version`)
    }
  }

  *#due(object: HotObject): Generator<Inconsistency> {
    const { id } = object
    const table = this.#tables(TABLE.object)
    const about = { kind: 'due', table: TABLE.object, key: id, object: id } as const
    if (table.dueOf !== undefined && (table.dueOf(id) ?? Infinity) !== object.armed)
      yield { ...about, what: `its row is due at ${object.armed}, the schedule says ${table.dueOf(id) ?? 'never'}` }
    recount(object, this.#settings.policyOf(id), this.#settings, this.#time)
    const due = nextDeadline(object, this.#time)
    if (object.armed > due && due > this.#time)
      yield { ...about, what: `it is due at ${object.armed}, but its next deadline is ${due}` }
  }

  /** Rows whose key begins with an object's id, each of which must be owned by an object. */
  *parts(name: string, isOwned: (object: HotObject, part: string) => boolean): Generator<Inconsistency> {
    for (const { key } of this.#tables(name).range()) {
      const end = key.indexOf('\0')
      const id = key.slice(0, Math.max(0, end))
      const object = this.#object(id)
      if (object !== undefined && isOwned(object, key.slice(end + 1))) continue
      const what = object === undefined ? 'its object does not exist' : 'its object does not refer to it'
      yield { kind: 'orphan', table: name, key, object: id, what }
    }
  }

  #object(id: ObjectId): HotObject | undefined {
    if (this.#last?.id === id) return this.#last
    const value = this.#tables(TABLE.object).get(id)
    return (this.#last = value && storedObject(id, value, this.#settings, this.#tables))
  }

  *guard(): Generator<Inconsistency> {
    if (!this.#isSwept && (readReshard(this.#tables(TABLE.settings))?.importing ?? 0) > 0) return
    const { known, stale, lost } = this.#known
    const counted = this.#counts
    if (known === counted.known && stale === counted.stale && lost === counted.lost) return
    const says = `known ${known}, stale ${stale}, lost ${lost}`
    const are = `known ${counted.known}, stale ${counted.stale}, lost ${counted.lost}`
    yield {
      kind: 'guard',
      table: TABLE.settings,
      key: CLOCK,
      what: `the guard counts ${says}; the objects are ${are}`,
      counts: { known: counted.known, stale: counted.stale, lost: counted.lost },
    }
  }

  *requests(): Generator<Inconsistency> {
    const rows = this.#tables(TABLE.requests)
    for (const { key } of rows.range()) {
      const [table, at = '', ...rest] = key.split('/')
      const other = table === 'at' ? `key/${rest.join('/')}` : undefined
      if (other !== undefined && rows.get(other) === undefined)
        yield { kind: 'request', table: TABLE.requests, key, what: `aged ${at}, but the request does not exist` }
    }
  }
}
