import type { GroupMember, Log, MemberOptions } from '@quorate/log'
import type { Life } from './life'

/** A member that hears nothing any more once its process is gone. */
export class FaultyMember implements GroupMember {
  private inner: GroupMember | undefined
  private readonly joining: Promise<GroupMember>
  private joined!: (member: Promise<GroupMember>) => void

  constructor(
    private readonly life: Life,
    private readonly options: MemberOptions,
    private readonly onGone: (member: FaultyMember) => void,
  ) {
    this.joining = new Promise((resolve) => (this.joined = resolve))
  }

  async join(log: Log): Promise<this> {
    const { onAssignment, onLost } = this.options
    const joining = log.join({
      ...this.options,
      onAssignment: (assignment) => {
        if (this.life.open) onAssignment(assignment)
      },
      onLost: () => {
        if (this.life.open) onLost()
      },
    })
    this.joined(joining)
    this.inner = await joining
    return this
  }

  get identity() {
    return this.life.open ? this.inner?.identity : undefined
  }

  get current() {
    return this.life.open && (this.inner?.current ?? false)
  }

  rejoin(): void {
    if (this.life.open) this.inner?.rejoin()
  }

  leave(): Promise<void> {
    this.onGone(this)
    return this.life.alive(async () => this.inner?.leave())
  }

  /** The others need not wait for a session to time out: tests have better things to do. */
  async dropOut(): Promise<void> {
    this.onGone(this)
    await (await this.joining).leave()
  }
}
