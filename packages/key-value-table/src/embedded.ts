import type { Log, Logger } from '@quorate/log'

/** A directory that one process at a time has, or memory, which ends with the process. */
export type EmbeddedLogPlace = { readonly dir: string } | { readonly memory: true }

/** better-sqlite3 ends an older Node by a segmentation fault. */
const LEAST = [22, 14] as const

/**
 * Opens a log in one SQLite file.
 * @throws LogError LOG_LOCKED while another process has the directory; Error where this Node is too old
 */
export async function openEmbeddedLog(
  place: EmbeddedLogPlace,
  options: { readonly logger?: Logger } = {},
): Promise<Log> {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major < LEAST[0] || (major === LEAST[0] && minor < LEAST[1]))
    throw new Error(`this is Node ${process.versions.node}; the embedded log needs ${LEAST.join('.')} or newer`)
  const embedded = await import('@quorate/log/embedded')
  return embedded.openEmbeddedLog(place, options)
}
