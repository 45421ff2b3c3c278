import type { Change, ObjectId, SourceCommand, View } from '@quorate/contracts'
import { SnapshotRows } from '../objects/snapshot-rows'
import { refusalText } from '@quorate/streams'
import { DeadlineFault, Fold, look, MemoryState, RETRY_AFTER, type Settings } from '@quorate/vote'

/** What a run decides, as it decides it. */
export interface Outlet {
  event(change: Change): void
  look(view: View | null): void
  /** `line`: its number, or the offset of a record. */
  rejected(line: number, reason: string): void
}

export interface EngineOptions {
  readonly partition?: number
  /** Policies that the input sets or deletes move time on and do nothing: those given are in force throughout. */
  readonly fixedPolicies?: boolean
  /** What holds the objects; the plain one keeps no evidence. */
  readonly State?: typeof MemoryState
}

/** The aggregator's own fold over one partition in memory; what it decides goes to the outlet. */
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

  /** Lets time pass. `offset`: of the record or line that moves it on. */
  advance(at: number, offset: number): void {
    for (;;) {
      try {
        this.#fold.advance(at, offset)
        return
      } catch (error) {
        // As the service does: the object is held, the record that moved time on is innocent.
        if (!(error instanceof DeadlineFault)) throw error
        this.state.holds.hold(error.id, Math.max(at, this.time) + RETRY_AFTER)
      }
    }
  }

  /** Why a dead letter, or undefined. */
  apply(command: SourceCommand, offset: number): string | undefined {
    if (this.#fixed && (command.type === 'policy-set' || command.type === 'policy-deleted')) return undefined
    let applied
    try {
      applied = this.#fold.apply(command, offset)
    } catch (error) {
      // The service puts such a record among the dead letters, too.
      return refusalText(error)
    }
    return typeof applied === 'object' ? applied.reject : undefined
  }

  look(id: ObjectId): View | null {
    return look(this.state, id)
  }
}
