/** What `engines` says: undici and better-sqlite3 need it. */
const LEAST = [22, 19] as const

/** What to tell a user whose Node is too old; undefined where it is not. */
export function tooOld(version: string): string | undefined {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major > LEAST[0] || (major === LEAST[0] && minor >= LEAST[1])) return undefined
  return `quorate: this is Node ${version}; Quorate needs ${LEAST.join('.')} or newer. Install it and try again. Nothing was started.`
}
