// One process at a time installs and builds: `npm run aggregator` in two terminals of a fresh clone must not interfere.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './sources.mjs'

const LOCK = join(ROOT, '.cache', 'setup.lock')

const isAlive = (pid) => {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

function take() {
  try {
    writeFileSync(LOCK, String(process.pid), { flag: 'wx' })
    return true
  } catch (error) {
    if (error.code !== 'EEXIST') throw error
    const holder = existsSync(LOCK) ? Number(readFileSync(LOCK, 'utf8')) : 0
    // An empty file is a holder between creating and writing; the next check decides.
    if (holder > 0 && !isAlive(holder)) rmSync(LOCK, { force: true })
    return false
  }
}

/** Does `work` unless `isDone` (checked again once the lock is held), while no other process of this checkout does. */
export function once(isDone, work) {
  if (isDone()) return
  mkdirSync(join(ROOT, '.cache'), { recursive: true })
  while (!take()) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100)
  const release = () => rmSync(LOCK, { force: true })
  process.once('exit', release)
  try {
    if (!isDone()) work()
  } finally {
    release()
    process.off('exit', release)
  }
}
