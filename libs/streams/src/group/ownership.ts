import type { MemberIdentity } from '@quorate/log'
import type { Directory } from './member-data'
import type { Owner, StreamsStatus } from '../streams'

/** Who owns what, who stands by and where everyone is: what the leader sent down with the last assignment. */
export class Ownership {
  private directory: Directory | undefined

  constructor(private readonly identity: () => MemberIdentity | undefined) {}

  get known(): boolean {
    return this.directory !== undefined
  }

  /** Keeps what it had where the leader's map cannot be read. */
  take(directory: Directory | undefined): void {
    this.directory = directory ?? this.directory
  }

  owner(partition: number): Owner | undefined {
    return this.memberOf(this.directory?.owners[partition])
  }

  standbysOf(partition: number): readonly Owner[] {
    const members = this.directory?.standbys[partition] ?? []
    return members.map((id) => this.memberOf(id)).filter((found) => found !== undefined)
  }

  /** The partitions that a member stands by for. */
  standbysAt(memberId: string): number[] {
    return (this.directory?.standbys ?? []).flatMap((ids, p) => (ids.includes(memberId) ? [p] : []))
  }

  members(): StreamsStatus['members'] {
    const self = this.identity()?.memberId
    return Object.entries(this.directory?.members ?? {}).map(([memberId, { url, version }]) => ({
      memberId,
      url,
      version,
      self: memberId === self,
    }))
  }

  private memberOf(memberId: string | undefined): Owner | undefined {
    const found = memberId === undefined ? undefined : this.directory?.members[memberId]
    if (memberId === undefined || !found?.url) return undefined
    return { memberId, url: found.url, self: memberId === this.identity()?.memberId }
  }
}
