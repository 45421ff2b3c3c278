import { objectIdOf, type AgentId, type ObjectId } from '@quorate/contracts'
import type { LogRecord } from '@quorate/log'
import { MemoryState, type Row, type Settings, type VoteObject } from '@quorate/vote'
import { Engine, type Outlet } from './engine'
import { type Place, replayRecord } from './replay'

/** An object's reports according to the source. */
export interface Refolded {
  readonly incarnation: number
  readonly rows: readonly Row[]
  readonly evidence: ReadonlyMap<AgentId, unknown>
}

export interface RefoldOptions extends Place {
  /** The settings currently in force: earlier records are not read. */
  readonly settings: Settings
  readonly incarnationBase: number
  readonly wanted: ReadonlySet<ObjectId>
  /** Stream time to advance to, ms. */
  readonly time: number
  readonly records: AsyncIterable<readonly LogRecord[]>
}

/** The fold in memory with the evidence of its reports. */
class EvidenceState extends MemoryState {
  readonly evidence = new Map<ObjectId, Map<AgentId, unknown>>()

  override setEvidence(object?: VoteObject, agent?: AgentId, evidence?: unknown): void {
    const known = this.evidence.get(object!.id) ?? new Map<AgentId, unknown>()
    this.evidence.set(object!.id, known.set(agent!, evidence))
  }

  override deleteEvidence(object?: VoteObject, agent?: AgentId): void {
    this.evidence.get(object!.id)?.delete(agent!)
  }

  override drop(object: VoteObject): void {
    super.drop(object)
    this.evidence.delete(object.id)
  }
}

const NOBODY: Outlet = { event: () => undefined, look: () => undefined, rejected: () => undefined }

/** Folds a range of the source again for some objects: their records, and those that concern all objects. */
export async function refold(options: RefoldOptions): Promise<ReadonlyMap<ObjectId, Refolded>> {
  const { settings, incarnationBase, wanted, records, partition, time } = options
  const engine = new Engine(NOBODY, settings, { partition, State: EvidenceState })
  const state = engine.state as EvidenceState
  state.incarnationBase = incarnationBase
  for await (const some of records)
    for (const record of some) {
      const id = record.key === null ? undefined : objectIdOf(record.key)
      if (record.key !== null && (id === undefined || !wanted.has(id))) continue
      replayRecord(engine, record, options)
    }
  // Other objects' records advanced stream time too: forget what is due by then.
  engine.advance(time, 0)
  const found = new Map<ObjectId, Refolded>()
  for (const id of wanted) {
    const object = state.load(id)
    if (object === undefined) continue
    const { incarnation, rows } = object
    found.set(id, { incarnation, rows, evidence: state.evidence.get(id) ?? new Map() })
  }
  return found
}
