/** What a member sends up when it joins. */
export interface MemberState {
  readonly url: string
  readonly version: string
  readonly owned: readonly number[]
}

/** What the leader sends down to all: who owns what, and where they are. */
export interface Directory {
  readonly members: Readonly<Record<string, { readonly url: string; readonly version: string }>>
  /** Member id by partition. */
  readonly owners: readonly string[]
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
  }
}

export function decodeDown(bytes: Buffer): Directory | undefined {
  const value = parse(bytes) as Partial<Directory> | undefined
  return value?.members && Array.isArray(value.owners) ? (value as Directory) : undefined
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch {
    return undefined
  }
}
