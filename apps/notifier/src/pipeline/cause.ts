/**
 * What holds something back for as long as it is in force: `silence/<id>/<version>`, `inhibition/<name>/<version>`. What is held
 * back by a cause that is in force no more, or not as it was, is judged again.
 */
export type HoldingCause = string

/** Tells one content from another (32 bits of FNV-1a): a changed silence is another cause. */
export function versionOf(content: unknown): string {
  const text = JSON.stringify(content)
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return (hash >>> 0).toString(36)
}

/** The cause without its version: what people are shown. */
export const causeName = (cause: HoldingCause): string => cause.slice(0, cause.lastIndexOf('/'))
