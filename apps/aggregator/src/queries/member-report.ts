import type { Call } from '@quorate/http'
import type { ConditionReport, Peers } from '@quorate/routing'
import type { TaskRole, TaskState } from '@quorate/streams'

/** A partition's task as the member that has it sees it. */
export interface TaskReport {
  readonly partition: number
  readonly role: TaskRole
  readonly state: TaskState
  readonly restored: number
  readonly total: number
  readonly position: number
  /** Records; null where a standby does not know the source's end yet. */
  readonly lag: number | null
  readonly asOf: string | null
}

/** What a member says of itself to another. */
export interface MemberReport {
  readonly generation: number | null
  /** It holds its ownership lease: the group counts on it. */
  readonly sure: boolean
  readonly tasks: readonly TaskReport[]
  /** What is wrong there; absent from members of an earlier version. */
  readonly conditions?: readonly ConditionReport[]
}

/** What a member says of itself; undefined when it does not answer. */
export async function askMember(
  peers: Peers,
  url: string,
  call: Call,
  answerMs: number,
): Promise<MemberReport | undefined> {
  const answer = await peers.forward(url, call, { method: 'GET', path: '/v1/cluster', answerMs }).catch(() => undefined)
  return answer?.status === 200 ? (JSON.parse(String(answer.body)) as MemberReport) : undefined
}
