import type { ClusterAnswer } from '@quorate/contracts'
import type { Call } from '@quorate/http'
import { detailedReports, type Owners, type Peers } from '@quorate/routing'
import type { RunningTask, StreamsStatus, TaskRole } from '@quorate/streams'
import { askMember, type MemberReport, type TaskReport } from './member-report'

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

  async report(call: Call): Promise<ClusterAnswer> {
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
): ClusterAnswer['partitions'][number] {
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
