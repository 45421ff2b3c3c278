import type { Log, Logger } from '@quorate/log'
import { openEmbeddedLog as open } from '@quorate/log/embedded'

/** A directory that one process at a time has, or memory, which ends with the process. */
export type EmbeddedLogPlace = { readonly dir: string } | { readonly memory: true }

/** Opens a log in one SQLite file. @throws LogError LOG_LOCKED while another process has the directory */
export const openEmbeddedLog = (place: EmbeddedLogPlace, options: { readonly logger?: Logger } = {}): Promise<Log> =>
  open(place, options)
