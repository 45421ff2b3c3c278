import type { Call } from '@quorate/http'
import { type ConditionReport, detailedReports, type Owners, type Peers } from '@quorate/routing'
import type { RunningTask, StreamsStatus, TaskRole, TaskState } from '@quorate/streams'
import { askMember, type MemberReport, type TaskReport } from './member-report'

type Told = Partial<Omit<TaskReport, 'partition' | 'role' | 'state'>>

export interface StandbyReport extends Told {
  readonly url: string
  readonly role: 'standby'
  /** It may answer reads that permit it. */
  readonly state: TaskState | 'unknown'
}

export interface ClusterReport {
  readonly group: string
  readonly generation: number | null
  /** What only the owner or the standby knows is missing where it cannot be asked. */
  readonly partitions: readonly (Told & {
    readonly partition: number
    readonly owner: string | null
    readonly role: 'active' | null
    readonly state: TaskState | 'unknown'
    readonly standbys: readonly StandbyReport[]
  })[]
  readonly members: readonly {
    readonly memberId: string
    readonly url: string
    readonly version: string
    readonly self: boolean
    readonly reachable: boolean
    /** As it says itself; null where it cannot be asked. */
    readonly generation: number | null
    /** It holds its ownership lease: the group counts on it; null where it cannot be asked. */
    readonly sure: boolean | null
    /** What is wrong there; null where it cannot be asked. */
    readonly conditions: readonly ConditionReport[] | null
  }[]
}

/** ms to wait for each member's answer. */
const MEMBER_TIMEOUT_MS = 2_000

/** Who owns what, who stands by, and how far each is: every member is asked for its own tasks. */
export class Cluster {
  constructor(
    private readonly owners: Owners,
    private readonly peers: Peers,
  ) {}

  member(): MemberReport {
    const { streams } = this.owners
    const tasks = streams.tasks()
    return {
      generation: streams.status().generation ?? null,
      sure: streams.sure,
      tasks: [...tasks, ...streams.standbys()].map(reportOf),
      conditions: detailedReports(streams.conditions),
    }
  }

  async report(call: Call): Promise<ClusterReport> {
    const status = this.owners.streams.status()
    const told = new Map<string, MemberReport>()
    const members = await Promise.all(
      status.members.map(async (member) => {
        const said = member.self ? this.member() : await askMember(this.peers, member.url, call, MEMBER_TIMEOUT_MS)
        if (said) told.set(member.memberId, said)
        const { generation = null, sure = null, conditions = null } = said ?? {}
        return { ...member, reachable: said !== undefined, generation, sure, conditions }
      }),
    )
    return {
      group: status.group,
      generation: status.generation ?? null,
      partitions: status.partitions.map((partition) => partitionOf(partition, told)),
      members,
    }
  }
}

function partitionOf(
  { partition, owner, standbys }: StreamsStatus['partitions'][number],
  told: ReadonlyMap<string, MemberReport>,
): ClusterReport['partitions'][number] {
  const said = (memberId: string | undefined, role: TaskRole) => {
    const task = told.get(memberId ?? '')?.tasks.find((it) => it.partition === partition && it.role === role)
    const { partition: _partition, ...rest } = task ?? { partition, state: 'unknown' as const }
    return rest
  }
  return {
    ...said(owner?.memberId, 'active'),
    partition,
    owner: owner?.url ?? null,
    role: owner ? 'active' : null,
    standbys: standbys.map(({ memberId, url }) => ({ ...said(memberId, 'standby'), url, role: 'standby' })),
  }
}

const reportOf = ({ partition, role, state, restore, position, lag, time }: RunningTask): TaskReport => ({
  partition,
  role,
  state,
  restored: restore.restored,
  total: restore.total,
  position,
  lag: Number.isFinite(lag) ? lag : null,
  asOf: time === 0 ? null : new Date(time).toISOString(),
})
