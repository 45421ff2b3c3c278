import { setTimeout as delay } from 'node:timers/promises'
import {
  type GroupMember,
  type JoinedMember,
  type MemberIdentity,
  type MemberOptions,
  HANDOVER_TIMEOUT_MS,
  type Share,
} from '../src/member'
import { LogError } from '../src/errors'
import type { Logger } from './logger'

const NO_SHARE: Share = { partitions: [], userData: Buffer.alloc(0) }

/**
 * The coordinator of one group, in this process. A rebalance is one step of the event loop: a new generation,
 * everyone's user data up, the leader's `assign`, the shares down, each in a turn of its own. Nothing is called from
 * inside a caller's call.
 */
export class Group {
  private generation = 0
  private joins = 0
  private scheduled = false
  /** In the order of joining: the first leads. */
  private readonly members = new Map<string, EmbeddedMember>()

  constructor(
    readonly name: string,
    private readonly partitionsOf: (topic: string) => number,
    private readonly logger: Logger,
  ) {}

  join(options: MemberOptions): EmbeddedMember {
    const member = new EmbeddedMember(this, options)
    this.admit(member)
    return member
  }

  /** Gives the member an id of its own, as every join after a loss does. */
  admit(member: EmbeddedMember): void {
    member.memberId = `${this.name}-${++this.joins}`
    this.members.set(member.memberId, member)
    this.rebalanceSoon()
  }

  leave(member: EmbeddedMember): void {
    if (this.members.get(member.memberId) !== member) return
    this.members.delete(member.memberId)
    this.rebalanceSoon()
  }

  rejoin(member: EmbeddedMember): void {
    if (this.members.get(member.memberId) === member) this.rebalanceSoon()
  }

  /** As if the member's session had timed out: it loses everything, then joins again under another id. */
  expire(memberId: string): void {
    const member = this.members.get(memberId)
    if (!member) return
    this.leave(member)
    setImmediate(() => {
      if (!member.lose()) return
      setImmediate(() => {
        if (!member.left) this.admit(member)
      })
    })
  }

  /** The second fence: throws LOG_STALE_MEMBER unless the identity is of the present generation. */
  check({ memberId, generation }: MemberIdentity): void {
    if (generation === this.generation && this.members.has(memberId)) return
    throw new LogError(
      'LOG_STALE_MEMBER',
      `${memberId} of generation ${generation} in ${this.name}, which is at ${this.generation}; nothing was committed.`,
    )
  }

  private rebalanceSoon(): void {
    if (this.scheduled) return
    this.scheduled = true
    setImmediate(() => void this.rebalanceOnceWorkHasEnded())
  }

  /** Members that ask for it end what they have in flight while their share is still their own. */
  private async rebalanceOnceWorkHasEnded(): Promise<void> {
    const works = [...this.members.values()].flatMap((member) => member.endWork() ?? [])
    if (works.length > 0) {
      const patience = new AbortController()
      await Promise.race([Promise.all(works), delay(HANDOVER_TIMEOUT_MS, undefined, { ref: false, signal: patience.signal }).catch(() => undefined)]) // prettier-ignore
      patience.abort()
    }
    this.scheduled = false
    this.rebalance()
  }

  close(): void {
    for (const member of this.members.values()) member.forget()
    this.members.clear()
  }

  private rebalance(): void {
    const [leader] = this.members.values()
    if (!leader) return
    const generation = ++this.generation
    const shares = this.share(leader)
    for (const [memberId, member] of this.members) {
      const share = shares.get(memberId) ?? NO_SHARE
      setImmediate(() => {
        // Superseded before it was told: the next generation brings the whole share anyway.
        if (generation !== this.generation || this.members.get(memberId) !== member) return
        member.assign({ memberId, generation }, share)
      })
    }
  }

  /** A fault in the leader's sharing must not end the group: nobody gets anything until the next join. */
  private share(leader: EmbeddedMember): Map<string, Share> {
    try {
      const joined: JoinedMember[] = [...this.members].map(([memberId, { options }]) => ({
        memberId,
        userData: options.userData(),
      }))
      return leader.options.assign(joined, this.partitionsOf(leader.options.topic))
    } catch (error) {
      this.logger.error({ err: error, group: this.name }, 'sharing out the partitions failed; nothing is assigned')
      return new Map()
    }
  }
}

export class EmbeddedMember implements GroupMember {
  identity: MemberIdentity | undefined
  memberId = ''
  left = false

  constructor(
    private readonly group: Group,
    readonly options: MemberOptions,
  ) {}

  get current(): boolean {
    return this.identity !== undefined
  }

  rejoin(): void {
    this.group.rejoin(this)
  }

  async leave(): Promise<void> {
    this.forget()
    this.group.leave(this)
  }

  /** undefined: it has nothing that could be in flight. */
  endWork(): Promise<void> | undefined {
    return this.identity && this.options.beforeRebalance?.().catch(() => undefined)
  }

  assign(identity: MemberIdentity, share: Share): void {
    this.identity = identity
    this.options.onAssignment({ ...identity, ...share })
  }

  /** False when there is nobody to tell. */
  lose(): boolean {
    if (this.left) return false
    this.identity = undefined
    this.options.onLost()
    return true
  }

  forget(): void {
    this.left = true
    this.identity = undefined
  }
}
