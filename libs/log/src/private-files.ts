import { chmodSync, closeSync, existsSync, mkdirSync, openSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

const OTHERS = 0o077
const SIDE_FILES = ['', '-wal', '-shm', '-journal']

/** Makes a directory that only our user can enter, and closes an existing one of ours to all others. */
export function privateDirectory(directory: string): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  close(directory)
}

/**
 * The same for the data directory above, which an operator names: one that holds other things as well (`/tmp`, a home)
 * stays as it is.
 */
export function privateDataDirectory(directory: string): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const isOurs = (name: string) => ['lock', 'log.db'].some((file) => existsSync(join(directory, name, file)))
  const entries = readdirSync(directory)
  if (entries.length > 0 && entries.every(isOurs)) close(directory)
}

/**
 * Makes the file of a SQLite database that only our user can read, or closes an existing one of ours to all others,
 * with what SQLite keeps beside it; what SQLite makes later has the permissions of the file.
 */
export function privateDatabase(file: string): void {
  try {
    // Only a new file: closing a descriptor of one that is open would drop the locks on it.
    closeSync(openSync(file, 'wx', 0o600))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  for (const suffix of SIDE_FILES) close(file + suffix)
}

/** Files of somebody else, and file systems without permissions, stay as they are. */
function close(path: string): void {
  try {
    const { mode, uid } = statSync(path)
    if ((mode & OTHERS) !== 0 && uid === process.getuid?.()) chmodSync(path, mode & 0o700)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ENOENT' && code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'EROFS') throw error
  }
}
