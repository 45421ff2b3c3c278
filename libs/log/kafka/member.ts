import { setTimeout as delay } from 'node:timers/promises'
import type Broker from 'kafkajs/src/broker'
import {
  type GroupMember,
  type Logger,
  type MemberIdentity,
  type MemberOptions,
  HANDOVER_TIMEOUT_MS,
  type Share,
} from '../src'
import type { Cluster } from './cluster'
import type { Connections } from './connections'
import { decodeShare, encodeShare, encodeSubscription, PROTOCOL, userDataOf } from './member-protocol'
import { CODE, codeOf, COORDINATOR_MOVED, ProtocolError } from './protocol-errors'
import { momentNow, Session } from './session'

export const SESSION_TIMEOUT_MS = 6000
const HEARTBEAT_MS = 500
const PAUSE_MS = 100
const MAX_PAUSE_MS = 1000

/** The group has moved on without this member. */
const LOST: ReadonlySet<number> = new Set([CODE.UNKNOWN_MEMBER_ID, CODE.ILLEGAL_GENERATION, CODE.FENCED_INSTANCE_ID])

/**
 * A member of a group by the classic protocol:
 *
 *      ┌──────────────────────────── REBALANCE_IN_PROGRESS, rejoin() ───────────────────────────┐
 *      ▼                                                                                        │
 *   JoinGroup ── identity switches: commits under the new generation are valid at once ── SyncGroup ── onAssignment ── Heartbeat …
 *      ▲                                                                                        │
 *      └── onLost, identity gone ◀── UNKNOWN_MEMBER_ID, ILLEGAL_GENERATION, fenced ◀────────────┘
 *
 * Until JoinGroup answers, the old generation is the valid one: processing goes on through a rebalance.
 * `beforeRebalance` comes before JoinGroup, with heartbeats meanwhile.
 */
export class KafkaMember implements GroupMember {
  identity: MemberIdentity | undefined
  private memberId = ''
  private turn = 0
  private assigned = false
  private rejoining = false
  private left = false
  private wake = new AbortController()
  private readonly session: Session
  private readonly life: Promise<void>

  private constructor(
    private readonly options: MemberOptions,
    private readonly cluster: Cluster,
    private connections: Connections,
    private readonly logger: Logger,
  ) {
    this.session = new Session(options.sessionTimeoutMs ?? SESSION_TIMEOUT_MS)
    this.life = this.live()
  }

  /** `connections` are this member's own: a JoinGroup holds up whatever comes after it. */
  static async join(
    options: MemberOptions,
    cluster: Cluster,
    connections: Connections,
    logger: Logger,
  ): Promise<KafkaMember> {
    const coordinator = await cluster.coordinatorOf('group', options.group)
    await connections.broker(coordinator)
    return new KafkaMember(options, cluster, connections, logger)
  }

  get current(): boolean {
    return this.session.current && !this.left
  }

  rejoin(): void {
    this.turn++
    this.rejoining = true
    this.wake.abort()
  }

  async leave(): Promise<void> {
    if (this.left) return this.life
    this.left = true
    this.wake.abort()
    // A JoinGroup may be parked on the connection for as long as the others take: say goodbye over a new one.
    await this.connections.close()
    await this.life
    const { memberId } = this
    this.identity = undefined
    if (memberId === '') return
    const goodbye = (this.connections = this.cluster.connections())
    try {
      const broker = await goodbye.broker(await this.cluster.coordinatorOf('group', this.options.group))
      await broker.leaveGroup({ groupId: this.options.group, memberId })
    } catch (error) {
      this.log('debug', error, 'leaving the group was not heard: the session will time out')
    } finally {
      await goodbye.close()
    }
  }

  private async live(): Promise<void> {
    for (let pause = PAUSE_MS; !this.left;) {
      try {
        await this.joinAndSync()
        pause = PAUSE_MS
        await this.beat()
      } catch (error) {
        if (this.left) return
        if (codeOf(error) === CODE.REBALANCE_IN_PROGRESS) continue
        await this.recover(error)
        await this.sleep(pause)
        pause = Math.min(2 * pause, MAX_PAUSE_MS)
      }
    }
  }

  private async joinAndSync(): Promise<void> {
    const { group, topic, sessionTimeoutMs = SESSION_TIMEOUT_MS } = this.options
    await this.endWork()
    if (this.left) return
    this.rejoining = false
    const broker = await this.coordinator()
    const joined = await broker.joinGroup({
      groupId: group,
      sessionTimeout: sessionTimeoutMs,
      rebalanceTimeout: Math.max(sessionTimeoutMs, 10_000) + (this.options.beforeRebalance ? HANDOVER_TIMEOUT_MS : 0),
      memberId: this.memberId,
      groupProtocols: [{ name: PROTOCOL, metadata: encodeSubscription(topic, this.options.userData(), this.turn) }],
    })
    if (this.left) return
    const { memberId, generationId: generation } = joined
    this.session.regroup()
    this.memberId = memberId
    this.identity = { memberId, generation }
    const groupAssignment = joined.leaderId === memberId ? await this.shareOut(joined.members) : []
    const sentAt = momentNow()
    const { memberAssignment } = await broker.syncGroup({
      groupId: group,
      generationId: generation,
      memberId,
      groupAssignment,
    })
    if (this.left) return
    this.assigned = true
    this.session.heard(sentAt)
    this.session.assign()
    this.options.onAssignment({ memberId, generation, ...decodeShare(topic, memberAssignment) })
  }

  /** Lets work in flight end before the share may change hands; the coordinator hears from us meanwhile. */
  private async endWork(): Promise<void> {
    const { beforeRebalance, heartbeatMs = HEARTBEAT_MS } = this.options
    if (!beforeRebalance || !this.assigned) return
    const ended = beforeRebalance().then(
      () => true,
      () => true,
    )
    for (const until = performance.now() + HANDOVER_TIMEOUT_MS; performance.now() < until && !this.left;) {
      if (await Promise.race([ended, delay(heartbeatMs, false, { ref: false })])) return
      await this.heartbeat().catch((error: unknown) => {
        if (codeOf(error) !== CODE.REBALANCE_IN_PROGRESS) throw error
      })
    }
  }

  private async shareOut(
    members: readonly { memberId: string; memberMetadata: Buffer }[],
  ): Promise<{ memberId: string; memberAssignment: Buffer }[]> {
    const { topic, assign } = this.options
    const description = await this.cluster.topic(topic)
    if (!description) throw new ProtocolError(CODE.UNKNOWN_TOPIC_OR_PARTITION, `Metadata of ${topic}`)
    const joined = members.map(({ memberId, memberMetadata }) => ({ memberId, userData: userDataOf(memberMetadata) }))
    const shares = assign(joined, description.partitions.length)
    return members.map(({ memberId }) => ({
      memberId,
      memberAssignment: encodeShare(topic, shares.get(memberId) ?? NOTHING),
    }))
  }

  /** Returns when a rebalance is wanted; throws what the coordinator answers else. */
  private async beat(): Promise<void> {
    const { heartbeatMs = HEARTBEAT_MS } = this.options
    while (!this.left) {
      await this.sleep(heartbeatMs)
      if (this.left || this.rejoining) return
      await this.heartbeat()
    }
  }

  private async heartbeat(): Promise<void> {
    const { memberId, generation } = this.identity!
    const coordinator = await this.coordinator()
    const sentAt = momentNow()
    try {
      await coordinator.heartbeat({ groupId: this.options.group, groupGenerationId: generation, memberId })
      this.session.heard(sentAt)
    } catch (error) {
      // Also a sign of life: until the others have joined, this generation is the valid one.
      if (codeOf(error) === CODE.REBALANCE_IN_PROGRESS) this.session.heard(sentAt)
      throw error
    }
  }

  private async recover(error: unknown): Promise<void> {
    const { group } = this.options
    const code = codeOf(error)
    if (code !== undefined && LOST.has(code)) {
      this.log('warn', error, 'the group no longer knows this member; joining again')
      if (code !== CODE.ILLEGAL_GENERATION) this.memberId = ''
      this.identity = undefined
      this.session.regroup()
      const { assigned } = this
      this.assigned = false
      if (assigned) this.options.onLost()
      return
    }
    this.log(
      code === undefined || COORDINATOR_MOVED.has(code) ? 'debug' : 'warn',
      error,
      'the group cannot be reached; trying again',
    )
    if (code === undefined) {
      // No answer, or none in time: another connection, lest the late answer be taken for the next one's.
      const coordinator = await this.cluster.coordinatorOf('group', group).catch(() => undefined)
      if (coordinator !== undefined) await this.connections.drop(coordinator)
    }
    this.cluster.forgetCoordinator('group', group)
  }

  private async coordinator(): Promise<Broker> {
    return this.connections.broker(await this.cluster.coordinatorOf('group', this.options.group))
  }

  /** Ends early on `rejoin` and `leave`. */
  private async sleep(ms: number): Promise<void> {
    if (this.left || this.rejoining) return
    this.wake = new AbortController()
    await delay(ms, undefined, { signal: this.wake.signal }).catch(() => {})
  }

  private log(level: 'debug' | 'warn', error: unknown, message: string): void {
    const reason = error instanceof Error ? error.message : String(error)
    this.logger[level]({ group: this.options.group, memberId: this.memberId, reason }, message)
  }
}

const NOTHING: Share = { partitions: [], userData: Buffer.alloc(0) }
