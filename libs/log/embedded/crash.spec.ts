import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { readTo } from '../testing'
import { temporaryDirectories } from '../testing/temporary-directory'
import { openEmbeddedLog } from './index'

const directory = temporaryDirectories('crash')
const LOADER = join(__dirname, '../testing/typescript.cjs')
const WRITER = join(__dirname, 'testing/crash-writer.ts')

const children: ChildProcess[] = []
afterEach(() => children.forEach((child) => child.kill('SIGKILL')))

/** Starts a writer and remembers what it says was acknowledged. */
function start(dir: string) {
  const child = spawn(process.execPath, ['-r', LOADER, WRITER, dir], { stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  const lines = createInterface({ input: child.stdout })
  const acknowledged: (readonly [value: number, offset: number])[] = []
  const gone = once(child, 'close')
  lines.on('line', (line) => {
    const [value, offset] = line.split(' ').map(Number)
    acknowledged.push([value!, offset!])
  })
  const heard = (count: number) =>
    new Promise<void>((resolve) => lines.on('line', () => acknowledged.length >= count && resolve()))
  return { child, heard, acknowledged, gone }
}

describe('a process that is killed by SIGKILL in the middle of writing', () => {
  it('loses nothing that was acknowledged, leaves no half transaction, and frees the log', async () => {
    const dir = directory()
    const loose = new Map<number, string>()
    for (const count of [1, 40, 300]) {
      const { child, heard, acknowledged, gone } = start(dir)
      await heard(count)
      child.kill('SIGKILL')
      await gone
      expect(child.signalCode).toBe('SIGKILL')
      for (const [value, offset] of acknowledged) loose.set(offset, `${value}`)
      const atLeast = acknowledged.at(-1)![0] + 1

      const log = await openEmbeddedLog({ dir })
      const done = (await log.committed('group', 'loose', [0])).get(0)!
      expect(done).toBeGreaterThanOrEqual(atLeast)
      expect(done).toBeLessThanOrEqual(atLeast + 1)
      const numbers = async (topic: string) =>
        (await readTo(log, topic, 0)).map(({ value }) => Number(value!.toString()))
      const own = Array.from({ length: done }, (_, n) => n)
      expect(await numbers('two')).toEqual(own)
      expect(await numbers('one')).toEqual(own.flatMap((n) => [n, n]))
      const appended = new Map((await readTo(log, 'loose', 0)).map(({ offset, value }) => [offset, value!.toString()]))
      for (const [offset, value] of loose) expect(appended.get(offset)).toBe(value)
      await log.close()
    }
  }, 60_000)

  it('keeps others out while it lives', async () => {
    const dir = directory()
    const { child, heard, gone } = start(dir)
    await heard(1)
    await expect(openEmbeddedLog({ dir })).rejects.toMatchObject({ code: 'LOG_LOCKED' })
    child.kill('SIGKILL')
    await gone
    await (await openEmbeddedLog({ dir })).close()
  }, 60_000)
})
