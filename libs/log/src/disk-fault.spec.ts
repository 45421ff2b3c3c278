import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { diskFault } from './disk-fault'

const error = (code: string): Error => Object.assign(new Error(`says ${code}`), { code })

describe('what is wrong with a place on a disk', () => {
  let root: string
  beforeEach(() => (root = mkdtempSync(join(tmpdir(), 'disk-fault-'))))
  afterEach(() => rmSync(root, { recursive: true }))

  it('names a file in the way of a directory, wherever it is', () => {
    writeFileSync(join(root, 'data'), '')
    expect(diskFault(error('ENOTDIR'), join(root, 'data', 'log', 'log.db'), 'file')).toMatchObject({
      what: `cannot be made, because ${join(root, 'data')} is not a directory`,
    })
    expect(diskFault(error('EEXIST'), join(root, 'data'), 'directory').what).toBe('is not a directory')
  })

  it('names a directory in the place of a file', () => {
    mkdirSync(join(root, 'log.db'))
    expect(diskFault(error('SQLITE_CANTOPEN'), join(root, 'log.db'), 'file').what).toBe('is not a file')
  })

  it.each(['ENOSPC', 'EDQUOT', 'SQLITE_FULL'])('says that there is no space: %s', (code) =>
    expect(diskFault(error(code), join(root, 'log.db'), 'file')).toEqual({
      what: 'finds no space left on its disk',
      advice: 'Make room, or set QUORATE_DATA_DIR to another directory.',
    }),
  )

  it('says what was said where the place looks as it should', () =>
    expect(diskFault(error('SQLITE_IOERR'), join(root, 'log.db'), 'file').what).toBe(
      'cannot be used (says SQLITE_IOERR)',
    ))

  // Root may write everywhere: what another user sees is asked in a process of theirs.
  const asNobody = process.getuid?.() === 0 ? it : it.skip
  asNobody('names the directory that its user may not write', () => {
    const mine = join(root, 'mine')
    mkdirSync(mine)
    chmodSync(root, 0o755)
    chmodSync(mine, 0o700)
    const script = `process.setgid(65534); process.setuid(65534)
      const { diskFault } = require(${JSON.stringify(join(__dirname, '../../../dist/libs/log/src/disk-fault.js'))})
      console.log(JSON.stringify(diskFault(new Error('no'), ${JSON.stringify(join(mine, 'log', 'log.db'))}, 'file')))`
    const said = execFileSync(process.execPath, ['-e', script], { encoding: 'utf8' })
    expect(JSON.parse(said)).toEqual({
      what: 'may not be written by the user of this process (uid 65534)',
      advice: `Give ${mine} to that user (chown), or set QUORATE_DATA_DIR to another directory.`,
    })
  })
})
