import type { Change, ObjectId, SourceCommand, View } from '@quorate/contracts'
import { SnapshotRows } from '../objects/snapshot-rows'
import { refusalText } from '@quorate/streams'
import { DeadlineFault, Fold, look, MemoryState, RETRY_AFTER, type Settings } from '@quorate/vote'

/** Receives the decisions of a run. */
export interface Outlet {
  event(change: Change): void
  look(view: View | null): void
  /** `line`: the line number, or the offset of a record. */
  rejected(line: number, reason: string): void
}

export interface EngineOptions {
  readonly partition?: number
  /** The policies given are in force throughout: policies that the input sets or deletes only advance stream time. */
  readonly fixedPolicies?: boolean
  /** The class of the state; the default keeps no evidence. */
  readonly State?: typeof MemoryState
}

/** The aggregator's own fold over one partition in memory. Decisions go to the outlet. */
export class Engine {
  readonly state: MemoryState
  readonly #fold: Fold
  readonly #fixed: boolean

  constructor(
    readonly outlet: Outlet,
    readonly settings: Settings,
    { partition = 0, fixedPolicies = false, State = MemoryState }: EngineOptions = {},
  ) {
    this.state = new State(
      (change) => outlet.event(change),
      settings,
      partition,
      new SnapshotRows({ policies: !fixedPolicies }),
    )
    this.#fold = new Fold(this.state)
    this.#fixed = fixedPolicies
  }

  /** ms; −Infinity before the first record. */
  get time(): number {
    return this.state.clock.time
  }

  /** Advances stream time. `offset`: of the record or line that advances it. */
  advance(at: number, offset: number): void {
    for (;;) {
      try {
        this.#fold.advance(at, offset)
        return
      } catch (error) {
        // Like the service: the object is held, and the record that advanced stream time is applied.
        if (!(error instanceof DeadlineFault)) throw error
        this.state.holds.hold(error.id, Math.max(at, this.time) + RETRY_AFTER)
      }
    }
  }

  /** Returns why the command is a dead letter, or undefined. */
  apply(command: SourceCommand, offset: number): string | undefined {
    if (this.#fixed && (command.type === 'policy-set' || command.type === 'policy-deleted')) return undefined
    let applied
    try {
      applied = this.#fold.apply(command, offset)
    } catch (error) {
      // The service also makes such a record a dead letter.
      return refusalText(error)
    }
    return typeof applied === 'object' ? applied.reject : undefined
  }

  look(id: ObjectId): View | null {
    return look(this.state, id)
  }
}
