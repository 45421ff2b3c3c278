import { execFileSync } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { lockDirectory } from './directory-lock'

describe('a locked directory', () => {
  it('refuses a second holder until it is released', () => {
    const dir = mkdtempSync(join(tmpdir(), 'lock-'))
    const release = lockDirectory(dir)
    expect(() => lockDirectory(dir)).toThrow(/another process uses this data directory/)
    release()
    lockDirectory(dir)()
  })

  it('is free again when its holder was killed', () => {
    const dir = mkdtempSync(join(tmpdir(), 'lock-'))
    const script = `const D=require('better-sqlite3');const d=new D(${JSON.stringify(join(dir, 'lock'))});d.pragma('locking_mode=EXCLUSIVE');d.exec('BEGIN EXCLUSIVE;CREATE TABLE lock(pid INTEGER);COMMIT');process.kill(process.pid,'SIGKILL')`
    expect(() => execFileSync(process.execPath, ['-e', script], { cwd: process.cwd() })).toThrow()
    lockDirectory(dir)()
  })
})
