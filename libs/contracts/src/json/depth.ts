import { LIMITS } from '../limits'
import { pointer } from '../pointer'
import { isKeptNumber } from './kept-number'

/** The sentence of a refusal. */
export const TOO_DEEP = `must be nested at most ${LIMITS.jsonDepth} deep`

const isContainer = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !isKeptNumber(value)

/**
 * Whether arrays and objects lie more than `most` deep in each other, the value itself counted. With a list instead of
 * recursion: what `JSON.parse` reads can be deeper than any stack.
 */
export function isDeeper(value: unknown, most: number): boolean {
  if (!isContainer(value)) return false
  let level: object[] = [value]
  for (let depth = 1; depth <= most; depth++) {
    const next: object[] = []
    for (const container of level) {
      for (const name in container) {
        const member = (container as Record<string, unknown>)[name]
        if (isContainer(member)) next.push(member)
      }
    }
    if (next.length === 0) return false
    level = next
  }
  return true
}

/** A pointer to the member of a document that is nested too deep; undefined where none is. */
export function tooDeepAt(document: unknown, most: number = LIMITS.jsonDepth): string | undefined {
  if (!isContainer(document) || !isDeeper(document, most)) return undefined
  const found = Object.entries(document).find(([, member]) => isDeeper(member, most - 1))
  return pointer(found![0])
}
