/** Who a member is in one generation of its group. */
export interface MemberIdentity {
  readonly memberId: string
  readonly generation: number
}

/** A member as the leader sees it when it shares out the partitions. */
export interface JoinedMember {
  readonly memberId: string
  /** What the member sent up; empty for members that are not ours. */
  readonly userData: Buffer
}

/** One member's share, with what the leader sends down to it. */
export interface Share {
  readonly partitions: readonly number[]
  readonly userData: Buffer
}

export interface Assignment extends MemberIdentity, Share {}

/** ms that a group waits for `beforeRebalance`: longer than an attempt to reach something outside takes. */
export const HANDOVER_TIMEOUT_MS = 16_000

export interface MemberOptions {
  readonly group: string
  readonly topic: string
  /** Called at each join, so that it carries the member's present state. */
  readonly userData: () => Buffer
  /** Called in the leader alone: shares `partitions` (0 … n−1) out. Pure. */
  readonly assign: (members: readonly JoinedMember[], partitions: number) => Map<string, Share>
  /**
   * The member's whole share in a new generation. Processing goes on while the group rebalances: partitions that stay
   * need not stop; those that are missing now must. Never called twice at once.
   */
  readonly onAssignment: (assignment: Assignment) => void
  /**
   * The group no longer knows this member (its session timed out): every partition is lost until the next assignment.
   */
  readonly onLost: () => void
  /**
   * Called before the member joins a rebalance of a group that it has a share in, so that work in flight can end while
   * the share is still its own. The group waits for it, up to `HANDOVER_TIMEOUT_MS`; it may be called again in the same
   * rebalance, and must not throw.
   */
  readonly beforeRebalance?: () => Promise<void>
  /** ms; 6,000 is the least a default broker takes. */
  readonly sessionTimeoutMs?: number
  /** ms; 500 by default: the takeover after a clean leave takes about one. */
  readonly heartbeatMs?: number
}

export interface GroupMember {
  /** Present identity; undefined before the first join and while lost. Commits carry it. */
  readonly identity: MemberIdentity | undefined
  /**
   * The group still holds this member to its last assignment. It is computed when it is read, from the time at which
   * the last acknowledged heartbeat was sent, by a clock that continues while the process is frozen. False before the first
   * assignment, while lost, and between a new generation and its assignment. Always true, once assigned, where the
   * group lives in this process.
   */
  readonly current: boolean
  /** Starts a rebalance in which `userData` is asked again. */
  rejoin(): void
  /** Leaves at once, so that the others need not wait for the session to time out. Does not call `onLost`. */
  leave(): Promise<void>
}
