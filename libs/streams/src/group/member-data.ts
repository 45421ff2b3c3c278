/** What a member sends up when it joins. */
export interface MemberState {
  readonly url: string
  readonly version: string
  readonly owned: readonly number[]
  /** Changelog position of each local file, by partition: whoever is nearest takes over, or stands by. */
  readonly positions: Readonly<Record<number, number>>
}

/** What the leader sends down to all: who owns what, who stands by, and where they are. */
export interface Directory {
  readonly members: Readonly<Record<string, { readonly url: string; readonly version: string }>>
  /** Member id by partition. */
  readonly owners: readonly string[]
  /** Member ids by partition, nearest first. */
  readonly standbys: readonly (readonly string[])[]
}

export const encodeUp = (state: MemberState): Buffer => Buffer.from(JSON.stringify(state))
export const encodeDown = (directory: Directory): Buffer => Buffer.from(JSON.stringify(directory))

/** undefined for members that are not ours. */
export function decodeUp(bytes: Buffer): MemberState | undefined {
  const value = parse(bytes) as Partial<MemberState> | undefined
  if (!value || typeof value.url !== 'string' || !Array.isArray(value.owned)) return undefined
  return {
    url: value.url,
    version: String(value.version ?? ''),
    owned: value.owned.filter((p) => Number.isSafeInteger(p) && p >= 0),
    positions: positionsIn(value.positions),
  }
}

export function decodeDown(bytes: Buffer): Directory | undefined {
  const value = parse(bytes) as Partial<Directory> | undefined
  if (!value?.members || !Array.isArray(value.owners)) return undefined
  const { members, owners, standbys } = value
  return { members, owners, standbys: Array.isArray(standbys) ? standbys : owners.map(() => []) }
}

function positionsIn(value: unknown): Record<number, number> {
  const entries = Object.entries((value ?? {}) as Record<string, unknown>)
  return Object.fromEntries(entries.filter((entry): entry is [string, number] => Number.isSafeInteger(entry[1])))
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch {
    return undefined
  }
}
