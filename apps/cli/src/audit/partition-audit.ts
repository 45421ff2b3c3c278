import { UNKNOWN, type Change, type View } from '@quorate/contracts'
import type { Log } from '@quorate/log'
import { Settings, type Rules } from '@quorate/vote'
import { Engine, replayRecord } from '@quorate/engine/core'
import { recordsOf, type Stretch } from '../simulate/source-topic'
import type { Beginning } from './beginning'
import type { CommittedPartition } from './committed'
import type { LeftOut } from '../simulate/left-out'
import { agentsText, policiesText, reportsText, viewText } from './content'
import { CannotJudge, type Difference, type Kept } from './difference'
import { EvidentState } from './evident-state'
import { expectedReports } from './shown-reports'
import { UNREADABLE } from './unreadable'
import type { ToldPartition } from './told'
import { ToldHistory } from './told-history'

/** An observation of the store, at the position the source was applied up to. */
export interface Sighting {
  readonly object: string
  /** The observed part; the view if absent. */
  readonly part?: 'reports' | 'history'
  /** The next source offset to apply; undefined: at the end of the replay. */
  readonly position: number | undefined
  /** Canonical text of the view, or of that part; null: absent. */
  readonly view: string | null
}

export interface PartitionQuestion {
  readonly log: Log
  /** The source, up to the end of the replay. */
  readonly stretch: Stretch
  readonly beginning: Beginning
  /** Incarnation base, if the source no longer contains it. */
  readonly base: number
  /** The incarnation from which objects can be judged; 0: all of them. */
  readonly from: number
  readonly rules: Rules
  readonly committed: CommittedPartition
  readonly told: ToldPartition | undefined
  /** Observations through REST. */
  readonly sightings: readonly Sighting[]
  /** Whether the sightings cover all objects, so that there must be no others. */
  readonly everything: boolean
  /** Records that the service did not apply. */
  readonly leftOut: LeftOut
}

export interface PartitionAnswer {
  readonly differences: readonly Difference[]
  /** Objects that were compared, and those too old to be judged. */
  readonly judged: number
  readonly unjudged: number
}

/** Replays one partition of the source and compares what is stored at the observed positions. */
export class PartitionAudit {
  readonly #differences: Difference[] = []
  readonly #deleted = new Set<string>()
  readonly #lost = new Set<string>()
  readonly #judged = new Set<string>()
  readonly #unjudged = new Set<string>()
  readonly #history = new ToldHistory()
  readonly #engine: Engine
  #offset = -1

  readonly #question: PartitionQuestion

  constructor(question: PartitionQuestion) {
    this.#question = question
    const { partition } = question.stretch
    this.#engine = new Engine(
      {
        event: (change) => this.#told(change),
        look: () => undefined,
        rejected: (offset, reason) => this.#rejected(offset, reason),
      },
      copyOf(question.beginning.settings, question.rules),
      { partition, State: EvidentState },
    )
    this.#engine.state.incarnationBase = question.base
  }

  async run(): Promise<PartitionAnswer> {
    const { log, stretch, committed, sightings, told, everything, leftOut } = this.#question
    const engine = this.#engine
    const due = [...sightings].filter(({ position }) => position !== undefined)
    due.sort((a, b) => a.position! - b.position!)
    let applied: number | undefined = committed.checkpoint?.source ?? stretch.start
    const reach = (offset: number): void => {
      if (applied !== undefined && applied <= offset) {
        this.#compareChangelog(applied)
        applied = undefined
      }
      while (due.length > 0 && due[0]!.position! <= offset) {
        const sighting = due.shift()!
        this.#compareSighting(sighting, sighting.position!)
      }
    }
    for await (const records of recordsOf(log, stretch))
      for (const record of records) {
        reach(record.offset)
        this.#offset = record.offset
        if (leftOut.refused.has(record.offset)) engine.advance(record.timestamp, record.offset)
        else replayRecord(engine, record, stretch, leftOut)
      }
    reach(stretch.end)
    if (everything) {
      const views = sightings.filter(({ part }) => part === undefined)
      const seen = new Map(views.map(({ object, view }) => [object, view]))
      for (const id of new Set([...seen.keys(), ...engine.state.ids(undefined)]))
        this.#compareStore(id, stretch.end, seen.get(id) ?? null)
    }
    for (const sighting of sightings)
      if (sighting.position === undefined && !(everything && sighting.part === undefined))
        this.#compareSighting(sighting, stretch.end)
    const events = told?.differences(committed.checkpoint?.source ?? stretch.start, stretch.end) ?? []
    const differences = [...this.#differences, ...events.filter((it) => this.#counts(it))]
    return { differences, judged: this.#judged.size, unjudged: this.#unjudged.size }
  }

  #told(change: Change): void {
    const { told, from } = this.#question
    this.#history.note(change)
    if (change.type === 'object.deleted' && change.cause === 'deleted') this.#deleted.add(change.subject)
    const view = change.data as View | null
    if (view !== null && 'cause' in view && view.cause === 'quorum-lost') this.#lost.add(change.subject)
    if (told === undefined) return
    if (from > 0) {
      const incarnation = incarnationOf(change)
      if (incarnation < from || !told.has(change.subject, incarnation)) return
    }
    told.expect(change, this.#offset)
  }

  #rejected(offset: number, reason: string): void {
    if (reason.includes('unknown method'))
      throw new CannotJudge(
        `The policy at offset ${offset} of partition ${this.#question.stretch.partition} names a method that ` +
          `is registered in the service's own code (${reason}).`,
      )
  }

  #compareChangelog(position: number): void {
    const { committed } = this.#question
    this.#compareSettings(committed.settings(), position)
    const ids = new Set([...committed.ids(), ...this.#engine.state.ids(undefined)])
    for (const id of ids) {
      const read = committed.read(id)
      const view = typeof read === 'object' ? viewText(committed.view(read)) : (read ?? null)
      const what = this.#compare('changelog', id, position, view)
      if (what === 'unjudged' || typeof read !== 'object') continue
      this.#compareReports(
        id,
        position,
        reportsText(read.object, (agent) => committed.evidenceMark(id, agent)),
      )
      const changed = what === 'same' ? this.#history.difference(id, committed.history(read)) : undefined
      if (changed) this.#add('changelog', id, 'its history differs', changed.kept, changed.expected, position)
    }
    for (const { table, key, object = key, what: said } of committed.inconsistencies(this.#question.rules))
      this.#add('changelog', object, `its rows are inconsistent: ${said}`, `${table}/${key}`, null, position)
  }

  #compareReports(id: string, position: number, kept: string): void {
    const object = this.#engine.state.load(id)
    if (object === undefined) return
    const { state } = this.#engine
    const expected = reportsText(object, (agent) => (state as EvidentState).evidenceOf(id, agent))
    if (kept !== expected) this.#add('changelog', id, 'its reports differ', kept, expected, position)
  }

  #compareSettings(kept: Settings, position: number): void {
    // Settings from before the start of the source that were never changed are taken from the changelog itself.
    const { settings } = this.#engine
    if (position < this.#question.beginning.judgedFrom) return
    for (const [name, text] of [
      ['policies', policiesText],
      ['agents', agentsText],
    ] as const)
      if (text(kept) !== text(settings))
        this.#add('changelog', name, `the ${name} differ`, text(kept), text(settings), position)
  }

  #compareSighting({ object: id, part, view: kept }: Sighting, position: number): void {
    if (part === undefined) return this.#compareStore(id, position, kept)
    const { from } = this.#question
    const { state } = this.#engine
    const object = state.load(id)
    // Whether the object exists is checked by its view. If the source has lost its beginning, only the view's
    // incarnation identifies the object.
    if (object === undefined || from > 0) return
    if (kept === UNREADABLE) return this.#add('store', id, `its ${part} cannot be read`, null, null, position)
    const told = part === 'history' ? this.#history.difference(id, kept!) : undefined
    if (told !== undefined) this.#add('store', id, 'its history differs', told.kept, told.expected, position)
    if (part === 'history') return
    const expected = expectedReports(object, this.#engine.settings, state as EvidentState)
    if (kept !== expected) this.#add('store', id, 'its reports differ', kept, expected, position)
  }

  #compareStore(id: string, position: number, kept: string | null): void {
    this.#compare('store', id, position, kept)
  }

  #compare(where: Kept, id: string, position: number, kept: string | null): 'same' | 'different' | 'unjudged' {
    const view = this.#engine.look(id)
    const expected = view === null ? null : viewText(view)
    if (!this.#isJudged(id, view, kept, expected)) {
      this.#unjudged.add(id)
      return 'unjudged'
    }
    this.#judged.add(id)
    if (kept === expected) return 'same'
    const what = kept === null ? 'it is missing' : expected === null ? 'it should not be there' : 'its view differs'
    this.#add(where, id, what, kept, expected, position, view?.trigger?.offset)
    return 'different'
  }

  /** Whether all records that led to an object are still in the source. */
  #isJudged(id: string, view: View | null, kept: string | null, expected: string | null): boolean {
    const { from } = this.#question
    if (from === 0) return true
    const incarnation = kept === null ? undefined : /"incarnation":(\d+)/.exec(kept)?.[1]
    if (kept === null) return view === null || (this.#deleted.has(id) && view.incarnation >= from)
    if (Number(incarnation) < from || view?.incarnation !== Number(incarnation)) return false
    // Whether an outage of observers was suspected depends on objects that are not all known.
    return kept === expected || !this.#dependsOnOthers(id, view, kept)
  }

  #dependsOnOthers(id: string, view: View, kept: string): boolean {
    if (this.#lost.has(id) || view.stale || view.state === UNKNOWN) return true
    return /"(?:cause":"quorum-lost|stale":true|voted":"unknown)/.test(kept)
  }

  /** If the source has lost its beginning, events of objects that cannot be judged do not count. */
  #counts({ object }: Difference): boolean {
    const { judgedFrom } = this.#question.beginning
    return judgedFrom === 0 || (!this.#lost.has(object) && !this.#unjudged.has(object) && this.#judged.has(object))
  }

  #add(
    where: Kept,
    object: string,
    what: string,
    kept: string | null,
    expected: string | null,
    source: number,
    trigger?: number,
  ): void {
    const { partition } = this.#question.stretch
    const held = where === 'changelog' ? this.#question.committed.offsetOf(object) : {}
    const offsets = { source, ...held, ...(trigger === undefined ? {} : { trigger }) }
    this.#differences.push({ where, partition, object, what, kept, expected, offsets })
  }
}

const incarnationOf = ({ id }: Change): number => Number(/@(\d+)\.\d+$/.exec(id)?.[1] ?? -1)

/** The replay changes its settings, and the next round needs those of the beginning again. */
function copyOf(settings: Settings, rules: Rules): Settings {
  const copy = new Settings(rules)
  for (const policy of settings.policies()) copy.setPolicy(policy)
  for (const [agent, { weight, muted }] of settings.agents()) copy.setAgent(agent, weight, muted)
  return copy
}
