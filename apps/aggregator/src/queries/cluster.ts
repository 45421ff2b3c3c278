import { type Owners, type Peers } from '@quorate/http'
import type { StreamsStatus, TaskState } from '@quorate/streams'
import type { FastifyRequest } from 'fastify'

/** A partition's task as its owner sees it. */
export interface TaskReport {
  readonly partition: number
  readonly state: TaskState
  readonly restored: number
  readonly total: number
  readonly position: number
  readonly lag: number
  readonly asOf: string | null
}

export interface ClusterReport {
  readonly group: string
  readonly generation: number | null
  /** What only the owner knows is missing where it cannot be asked. */
  readonly partitions: readonly (Partial<Omit<TaskReport, 'partition' | 'state'>> & {
    readonly partition: number
    readonly owner: string | null
    readonly role: 'active' | null
    readonly state: TaskState | 'unknown'
  })[]
  readonly members: readonly {
    readonly memberId: string
    readonly url: string
    readonly version: string
    readonly self: boolean
    readonly reachable: boolean
  }[]
}

/** ms to wait for each member's word. */
const PATIENCE = 2_000

/** Who owns what, and how far each is: every member is asked for its own tasks. */
export class Cluster {
  constructor(
    private readonly owners: Owners,
    private readonly peers: Peers,
  ) {}

  tasks(): TaskReport[] {
    return this.owners.streams.tasks().map(({ partition, state, restore, position, lag, time }) => ({
      partition,
      state,
      restored: restore.restored,
      total: restore.total,
      position,
      lag,
      asOf: time === 0 ? null : new Date(time).toISOString(),
    }))
  }

  async report(request: FastifyRequest): Promise<ClusterReport> {
    const status = this.owners.streams.status()
    const told = new Map<number, TaskReport>()
    const members = await Promise.all(
      status.members.map(async (member) => {
        const tasks = member.self ? this.tasks() : await this.#ask(member.url, request)
        for (const task of tasks ?? [])
          if (ownerOf(status, task.partition) === member.memberId) told.set(task.partition, task)
        return { ...member, reachable: tasks !== undefined }
      }),
    )
    return {
      group: status.group,
      generation: status.generation ?? null,
      partitions: status.partitions.map(({ partition, owner }) => {
        const task = told.get(partition)
        return { state: 'unknown', ...task, partition, owner: owner?.url ?? null, role: owner ? 'active' : null }
      }),
      members,
    }
  }

  async #ask(url: string, request: FastifyRequest): Promise<TaskReport[] | undefined> {
    const answer = await this.peers
      .forward(url, request, { method: 'GET', path: '/v1/cluster', answerMs: PATIENCE })
      .catch(() => undefined)
    return answer?.status === 200 ? (JSON.parse(String(answer.body)) as TaskReport[]) : undefined
  }
}

const ownerOf = (status: StreamsStatus, partition: number) => status.partitions[partition]?.owner?.memberId
