import { accessSync, constants, type Stats, statSync } from 'node:fs'
import { dirname } from 'node:path'

/** What is wrong with a place on a disk, as the end of a sentence that begins with it, and what an operator can do. */
export interface DiskFault {
  readonly what: string
  readonly advice: string
}

const ELSEWHERE = 'or set QUORATE_DATA_DIR to another directory'

/**
 * Why a directory, or the file of a directory, cannot be used. Looks at the place itself: what Node and SQLite say of
 * it depends on how far they came (`ENOENT`, `unable to open database file`).
 */
export function diskFault(cause: unknown, path: string, kind: 'directory' | 'file'): DiskFault {
  const { code = '', message = String(cause) } = Object(cause) as { code?: string; message?: string }
  if (/^(ENOSPC|EDQUOT|SQLITE_FULL)/.test(code))
    return { what: 'finds no space left on its disk', advice: `Make room, ${ELSEWHERE}.` }
  return faultOf(path, kind) ?? { what: `cannot be used (${message})`, advice: `Look at the disk, ${ELSEWHERE}.` }
}

function faultOf(path: string, kind: 'directory' | 'file'): DiskFault | undefined {
  const found = look(path)
  // One above it may not be looked into.
  if (found instanceof Error) return faultOfParent(dirname(path))
  if (found && found.isDirectory() !== (kind === 'directory'))
    return { what: `is not a ${kind}`, advice: `Move it away, ${ELSEWHERE}.` }
  const denied = found ? denialOf(path) : undefined
  if (denied) return faultOfAccess(denied, path)
  // A file is made, and a journal beside it, in its directory.
  if (found && kind === 'directory') return undefined
  const parent = dirname(path)
  return parent === path ? undefined : faultOfParent(parent)
}

/** The nearest directory above that is there decides. */
function faultOfParent(parent: string): DiskFault | undefined {
  const found = look(parent)
  if (found === undefined || found instanceof Error)
    return dirname(parent) === parent ? undefined : faultOfParent(dirname(parent))
  if (!found.isDirectory())
    return {
      what: `cannot be made, because ${parent} is not a directory`,
      advice: `Move that file away, ${ELSEWHERE}.`,
    }
  const denied = denialOf(parent)
  return denied && faultOfAccess(denied, parent)
}

function faultOfAccess({ code }: NodeJS.ErrnoException, place: string): DiskFault | undefined {
  if (code === 'EROFS')
    return { what: 'is on a read-only file system', advice: `Mount it so that it can be written, ${ELSEWHERE}.` }
  if (code !== 'EACCES' && code !== 'EPERM') return undefined
  const user = process.getuid ? ` (uid ${process.getuid()})` : ''
  return {
    what: `may not be written by the user of this process${user}`,
    advice: `Give ${place} to that user (chown), ${ELSEWHERE}.`,
  }
}

function look(path: string): Stats | undefined | NodeJS.ErrnoException {
  try {
    return statSync(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return code === 'ENOENT' || code === 'ENOTDIR' ? undefined : (error as NodeJS.ErrnoException)
  }
}

function denialOf(path: string): NodeJS.ErrnoException | undefined {
  try {
    accessSync(path, constants.R_OK | constants.W_OK)
    return undefined
  } catch (error) {
    return error as NodeJS.ErrnoException
  }
}
