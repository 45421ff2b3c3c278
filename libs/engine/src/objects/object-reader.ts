import { type ObjectId, parseExactly, type View } from '@quorate/contracts'
import type { TableReader } from '@quorate/state-store'
import { evidenceKey, historyKey, TABLE } from '../tables'
import {
  decide,
  explain,
  NO_RULES,
  recount,
  viewOf,
  type AgentExplanation,
  type Explanation,
  type HistoryEntry,
  type Outcome,
  type Rules,
  type Settings,
  type VoteObject,
} from '@quorate/vote'
import { withShownTally } from './change-row'
import { readClock, readSettings } from './settings-rows'
import { storedObject } from './stored-object'
import { readingRows, UnreadableObject } from './unreadable-object'

/** The committed rows of one partition, by the name of their table. */
export type Tables = (name: string) => TableReader

/** An object as committed: as last evaluated, at the partition's time. */
export interface ReadObject {
  readonly object: VoteObject
  readonly outcome: Outcome
  readonly settings: Settings
  /** ms */
  readonly time: number
}

/** An agent's part of the explanation, with its evidence. */
export interface AgentWithEvidence extends AgentExplanation {
  readonly evidence: unknown
}
export interface FullExplanation extends Omit<Explanation, 'agents'> {
  readonly agents: readonly AgentWithEvidence[]
}

/**
 * Reads one partition: objects, explanations, history. A view is the last evaluated state; reading does not advance
 * time (rest.md). The settings are decoded again only when they have changed.
 */
export class ObjectReader {
  readonly #rules: Rules
  #settings: Settings | undefined
  #settingsVersion = -1
  #time = 0
  #at: number | undefined

  constructor(rules: Rules = NO_RULES) {
    this.#rules = rules
  }

  /**
   * Policies and agents' settings as committed. `at`: the changelog position of the rows, if known. While it is
   * unchanged, the cached settings are returned.
   */
  settings(tables: Tables, at?: number): Settings {
    if (at !== undefined && at === this.#at && this.#settings !== undefined) return this.#settings
    // A rebuilt store counts the settings' versions from the start.
    if (at !== undefined && this.#at !== undefined && at < this.#at) this.#settings = undefined
    this.#at = at
    const rows = tables(TABLE.settings)
    const clock = readClock(rows)
    this.#time = clock.time ?? 0
    if (this.#settings === undefined || clock.settings !== this.#settingsVersion) {
      this.#settings = readSettings(rows, this.#rules)
      this.#settingsVersion = clock.settings
    }
    return this.#settings
  }

  read(tables: Tables, id: ObjectId, at?: number): ReadObject | undefined {
    const settings = this.settings(tables, at)
    const value = tables(TABLE.object).get(id)
    return value === undefined ? undefined : this.#decoded(tables, id, value, settings)
  }

  /**
   * Objects after `after` whose id begins with `prefix`, in the order of their ids' bytes. One that cannot be read must
   * not fail the list: it is left out and reported to `unreadable`.
   */
  *list(
    tables: Tables,
    after: ObjectId | undefined,
    prefix = '',
    at?: number,
    unreadable?: (id: ObjectId) => void,
  ): Iterable<ReadObject> {
    const settings = this.settings(tables, at)
    const bounds = after === undefined ? { from: prefix } : { from: prefix, after }
    for (const { key, value } of tables(TABLE.object).range(bounds)) {
      if (!key.startsWith(prefix)) return
      try {
        yield this.#decoded(tables, key, value, settings)
      } catch (error) {
        if (!(error instanceof UnreadableObject)) throw error
        unreadable?.(key)
      }
    }
  }

  #decoded(tables: Tables, id: ObjectId, value: Buffer, settings: Settings): ReadObject {
    return readingRows(id, () => {
      const object = storedObject(id, value, settings, tables)
      recount(object, settings.policyOf(id), settings, this.#time)
      return { object, outcome: decide(object, settings), settings, time: this.#time }
    })
  }

  view({ object, outcome }: ReadObject): View {
    return viewOf(object, outcome)
  }

  explanation(tables: Tables, { object, outcome, settings, time }: ReadObject): FullExplanation {
    const explanation = explain(object, outcome, settings, time)
    const evidence = new Map<string, unknown>()
    for (const { agent, hasEvidence } of object.rows) {
      const value = hasEvidence ? tables(TABLE.evidence).get(evidenceKey(object.id, agent)) : undefined
      if (value !== undefined)
        evidence.set(
          agent,
          readingRows(object.id, () => parseExactly(value.toString('utf8'))),
        )
    }
    const agents = explanation.agents.map((agent) => ({ ...agent, evidence: evidence.get(agent.agent) ?? null }))
    return { ...explanation, agents }
  }

  /** The last changes, newest first, as many as the policy in force keeps. */
  history(tables: Tables, { object }: ReadObject): HistoryEntry[] {
    const { history } = object.inForce.policy
    const rows = tables(TABLE.history)
    const newest = object.past === null ? null : object.past.change
    const entries = newest === null ? [] : [newest]
    for (let version = object.version - 1; version >= object.oldest && entries.length < history; version--) {
      const value = rows.get(historyKey(object.id, version))
      if (value !== undefined)
        entries.push(readingRows(object.id, () => withShownTally(JSON.parse(value.toString('utf8')) as HistoryEntry)))
    }
    return entries.slice(0, history)
  }
}
