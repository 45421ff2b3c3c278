import 'reflect-metadata'
import { loadConfig } from '@quorate/config'
import { chmodSync, lstatSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startStandalone } from './bootstrap'

jest.setTimeout(60_000)

describe('files of the data directory', () => {
  let above: string
  let dir: string
  let before: number
  beforeEach(() => {
    // As on most machines: readable by everybody.
    before = process.umask(0o022)
    above = mkdtempSync(join(tmpdir(), 'quorate-modes-'))
    dir = join(above, 'data')
  })
  afterEach(() => {
    process.umask(before)
    rmSync(above, { recursive: true })
  })

  const run = async (look: () => void | Promise<void>) => {
    const argv = ['--port', '0', '--data-dir', dir, '--log-level', 'silent', '--partitions', '2']
    const running = await startStandalone(loadConfig('standalone', { argv, env: {}, readFile: () => '' }))
    try {
      const put = await fetch(`${running.url}/v1/objects/o/reports/a?wait=10`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: '{"state":"up"}',
      })
      expect(put.status).toBe(200)
      await look()
    } finally {
      await running.close()
    }
  }
  const entries = () => ['', ...(readdirSync(dir, { recursive: true }) as string[])].map((name) => join(dir, name))
  const modes = () =>
    new Set(
      entries().map((path) => {
        const stat = lstatSync(path)
        return `${stat.isDirectory() ? 'd' : 'f'} ${(stat.mode & 0o777).toString(8)}`
      }),
    )

  it('are readable by their user alone, with what SQLite keeps beside them', async () => {
    await run(() => {
      expect(entries().filter((path) => path.endsWith('-wal')).length).toBeGreaterThan(2)
      expect(modes()).toEqual(new Set(['d 700', 'f 600']))
    })
    expect(modes()).toEqual(new Set(['d 700', 'f 600']))
  })

  it('are closed to others at the start, where an earlier release left them open', async () => {
    await run(() => undefined)
    for (const path of entries()) chmodSync(path, lstatSync(path).isDirectory() ? 0o755 : 0o644)
    await run(() => expect(modes()).toEqual(new Set(['d 700', 'f 600'])))
  })

  it('leave a directory alone that holds other things as well', async () => {
    await run(() => undefined)
    chmodSync(dir, 0o755)
    writeFileSync(join(dir, 'notes.txt'), 'mine', { mode: 0o644 })
    await run(() => {
      expect(lstatSync(dir).mode & 0o777).toBe(0o755)
      expect(lstatSync(join(dir, 'notes.txt')).mode & 0o777).toBe(0o644)
      expect(lstatSync(join(dir, 'log')).mode & 0o777).toBe(0o700)
    })
  })
})
