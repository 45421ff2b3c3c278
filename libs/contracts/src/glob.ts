/**
 * A glob on object ids: `*` = any characters but `/`, `**` = any, both may be empty; `\*` = an asterisk, `\\` = a
 * backslash; all else is literal, a backslash before anything else too (vote.md 9).
 */
export type Glob = (id: string) => boolean

interface Wild {
  readonly any: boolean
}

/** Literal text is one token, however it is escaped. */
function tokens(pattern: string): (string | Wild)[] {
  const found: (string | Wild)[] = []
  let text = ''
  for (const [piece] of pattern.matchAll(/\\[\\*]|\*\*|[^]/g)) {
    if (piece !== '*' && piece !== '**') {
      text += piece.length === 2 ? piece[1]! : piece
      continue
    }
    if (text !== '') found.push(text)
    text = ''
    found.push({ any: piece === '**' })
  }
  if (text !== '') found.push(text)
  return found
}

/** The text that every id begins with that the glob takes. */
export function globPrefix(pattern: string): string {
  const [first] = tokens(pattern)
  return typeof first === 'string' ? first : ''
}

/** Whether two wildcards touch, as in `***`: rarely what was meant. */
export const hasTouchingWildcards = (pattern: string): boolean =>
  tokens(pattern).some((part, i, parts) => i > 0 && typeof part === 'object' && typeof parts[i - 1] === 'object')

/** The glob that takes this id and no other. */
export const escapeGlob = (id: string): string => id.replace(/[\\*]/g, '\\$&')

/**
 * Compiles a glob. No regular expression: `**a**a**a…` would let one policy stall a partition by backtracking; here the
 * work is at most pattern × id.
 */
export function glob(pattern: string): Glob {
  const parts = tokens(pattern)
  const [first, second] = parts
  if (parts.length === 0) return (id) => id === ''
  if (parts.length === 1 && typeof first === 'string') return (id) => id === first
  if (parts.length === 1 && typeof first === 'object' && first.any) return () => true
  if (parts.length === 2 && typeof first === 'string' && typeof second === 'object') {
    const { any } = second
    return (id) => id.startsWith(first) && (any || !id.includes('/', first.length))
  }
  return (id) => matches(parts, id)
}

/** Places in `id` that the parts so far can end at, moved on part by part. */
function matches(parts: readonly (string | Wild)[], id: string): boolean {
  let ends = new Uint8Array(id.length + 1)
  ends[0] = 1
  for (const part of parts) {
    const next = new Uint8Array(id.length + 1)
    if (typeof part === 'string') {
      for (let i = 0; i + part.length <= id.length; i++)
        if (ends[i] && id.startsWith(part, i)) next[i + part.length] = 1
    } else {
      let open = false
      for (let i = 0; i <= id.length; i++) {
        if (!part.any && i > 0 && id.charCodeAt(i - 1) === 47) open = false
        if (ends[i]) open = true
        if (open) next[i] = 1
      }
    }
    ends = next
  }
  return ends[id.length] === 1
}
