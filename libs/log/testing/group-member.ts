import type { Assignment, GroupMember, JoinedMember, Log, MemberOptions, Share } from '@quorate/log'

/**
 * Shares partitions out by turns, in the order of what the members call themselves; the leader tells everyone who there
 * is.
 */
export function byTurns(members: readonly JoinedMember[], partitions: number): Map<string, Share> {
  const sorted = [...members].sort((a, b) => (a.userData.toString() < b.userData.toString() ? -1 : 1))
  const everyone = Buffer.from(sorted.map((member) => member.userData.toString()).join(' '))
  return new Map(
    sorted.map(({ memberId }, i) => [
      memberId,
      {
        partitions: Array.from({ length: partitions }, (_, p) => p).filter((p) => p % sorted.length === i),
        userData: everyone,
      },
    ]),
  )
}

/** A member that remembers what it was told. */
export class RecordingMember {
  member!: GroupMember
  readonly assignments: Assignment[] = []
  lost = 0
  /** How often the member's data was asked for. */
  asked = 0
  private readonly watchers = new Set<() => void>()

  private constructor(public called: string) {}

  static async join(
    log: Log,
    group: string,
    topic: string,
    called: string,
    changes: Partial<MemberOptions> = {},
  ): Promise<RecordingMember> {
    const recording = new RecordingMember(called)
    recording.member = await log.join({
      group,
      topic,
      sessionTimeoutMs: 6_000,
      heartbeatMs: 200,
      userData: () => {
        recording.asked++
        return Buffer.from(recording.called)
      },
      assign: byTurns,
      onAssignment: (assignment) => {
        recording.assignments.push(assignment)
        recording.tell()
      },
      onLost: () => {
        recording.lost++
        recording.tell()
      },
      ...changes,
    })
    return recording
  }

  get last(): Assignment | undefined {
    return this.assignments.at(-1)
  }

  /** The first state, now or later, of which `condition` holds. */
  async until(condition: (self: this) => boolean, patienceMs = 40_000): Promise<this> {
    if (condition(this)) return this
    await new Promise<void>((resolve, reject) => {
      const watch = () => {
        if (!condition(this)) return
        clearTimeout(timer)
        this.watchers.delete(watch)
        resolve()
      }
      const timer = setTimeout(() => {
        this.watchers.delete(watch)
        reject(new Error(`${this.called} waited in vain; it was told ${JSON.stringify(this.assignments)}`))
      }, patienceMs)
      this.watchers.add(watch)
    })
    return this
  }

  /** The present share is exactly these partitions. */
  has(...partitions: number[]): Promise<this> {
    return this.until(({ last }) => String([...(last?.partitions ?? [-1])].sort()) === String(partitions))
  }

  private tell(): void {
    for (const watch of [...this.watchers]) watch()
  }
}
