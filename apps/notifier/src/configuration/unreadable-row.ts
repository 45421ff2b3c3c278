/** Levels that JSON may be nested. */
const DEEPEST = 64

/**
 * A row of the settings whose bytes are no JSON, or JSON nested too deeply: left out and named, and it can be written
 * over or deleted.
 */
export class UnreadableRow {
  constructor(readonly reason: string) {}
}

export function readRow(bytes: Buffer): unknown {
  const text = bytes.toString('utf8')
  if (isDeep(text)) return new UnreadableRow(`is nested more than ${DEEPEST} levels deep`)
  try {
    return JSON.parse(text) as unknown
  } catch {
    return new UnreadableRow('is not JSON')
  }
}

function isDeep(text: string): boolean {
  let depth = 0
  let inText = false
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (inText) {
      if (code === 0x5c) i++
      else if (code === 0x22) inText = false
    } else if (code === 0x22) inText = true
    else if (code === 0x5b || code === 0x7b) {
      if (++depth > DEEPEST) return true
    } else if (code === 0x5d || code === 0x7d) depth--
  }
  return false
}
