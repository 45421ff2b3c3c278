import type { AgentId, AgentSettings, Fault, ObjectId, Policy, View } from '@quorate/contracts'
import type { RunningTask } from '@quorate/streams'
import type { RequestRow } from '@quorate/engine/core'

/** An object as committed. */
export interface Seen {
  readonly view: View
  /** Changes of the override in this incarnation: the n of entity tags. */
  readonly overrides: number
}

/** What became of a record, as its task found when it was applied (vote.md 2, 6). */
export type Outcome = 'applied' | 'nothing' | 'mismatch' | 'expired' | 'duplicate' | { readonly reject: string }

/** Reads the committed rows of a running task. All of it is synchronous and sees one commit. */
export interface Reading {
  object(task: RunningTask, id: ObjectId): Seen | undefined
  /**
   * Objects behind `after` in the order of their ids' bytes, at most `limit`; only such that begin with `prefix`. Those
   * that cannot be read are left out, and named.
   */
  objects(
    task: RunningTask,
    after: ObjectId | undefined,
    prefix: string,
    limit: number,
    unreadable?: (id: ObjectId) => void,
  ): readonly Seen[]
  /** JSON text, as REST answers it. */
  explanation(task: RunningTask, id: ObjectId): string | undefined
  history(task: RunningTask, id: ObjectId): string | undefined
  policyOf(task: RunningTask, id: ObjectId): Policy
  policies(task: RunningTask): readonly Policy[]
  judge(
    task: RunningTask,
    policy: unknown,
  ):
    | { readonly policy: Policy; readonly faults?: undefined }
    | { readonly faults: readonly Fault[]; readonly policy?: undefined }
  agents(task: RunningTask): readonly Required<AgentSettings>[]
  agent(task: RunningTask, agent: AgentId): Required<AgentSettings> | undefined
  /** What became of a request with this key, if one was applied within a day. */
  request(task: RunningTask, key: string): RequestRow | undefined
  /** Of a record that was applied here lately; undefined when it is not known any more. */
  outcome(partition: number, offset: number): Outcome | undefined
}
