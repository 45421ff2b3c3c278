import { join } from 'node:path'
import { App, ROOT, temporaryFolder } from './harness'
import { endAll, run } from './process'

const CLI = join(ROOT, 'dist/apps/cli/src/main.js')
const folder = temporaryFolder('terminal')
let app: App

beforeAll(async () => {
  app = await App.start('standalone', { dataDir: join(folder.path, 'data') })
  await quorate('report', 'site/x', 'down', '--agent', 'a', '--ttl', '1h', '--wait')
  await quorate('report', 'site/long-name', 'up', '--agent', 'a', '--ttl', '1h', '--wait')
}, 60_000)
afterAll(async () => {
  await endAll()
  folder.remove()
})

async function quorate(...args: string[]): Promise<string[]> {
  const { code, process: it } = await run(process.execPath, { args: [CLI, ...args], env: { QUORATE_URL: app.url } })
  expect({ code, err: it.stderr }).toEqual({ code: 0, err: [] })
  return it.stdout
}

/** Runs a command on a pseudo-terminal, as a person would see it, with `script` of util-linux. */
async function onTerminal(command: string, env: Record<string, string> = {}): Promise<string[]> {
  const { code, process: it } = await run('script', {
    args: ['-qec', `"${process.execPath}" "${CLI}" ${command}`, '/dev/null'],
    env: { QUORATE_URL: app.url, TERM: 'xterm', ...env },
  })
  expect({ code, output: it.output }).toMatchObject({ code: 0 })
  return it.stdout.map((line) => line.replace(/\r$/, ''))
}

/** A line without its escape sequences. */
const read = (line: string) => line.replace(/\u001b\[\d+m/g, '')

describe('on a terminal', () => {
  it.each(['list', 'explain site/x', 'history site/x'])(
    '`%s` has coloured words in aligned columns',
    async (command) => {
      const lines = await onTerminal(command)
      expect(lines.join('\n')).toContain('\u001b[31mdown\u001b[0m')
      expect(lines.join('\n')).not.toContain('\uFFFD')
    },
  )

  it('columns are as wide as the words in them', async () => {
    const lines = await onTerminal('list')
    const since = lines.map(read).map((line) => /SINCE|\d{4}-/.exec(line)?.index)
    expect(lines).toHaveLength(3)
    expect(new Set(since)).toEqual(new Set(['site/long-name  '.length + 'STATE  '.length]))
    expect(lines.some((line) => line.includes('\u001b[32mup\u001b[0m     2'))).toBe(true)
  })

  it.each([{ NO_COLOR: '1' }, { TERM: 'dumb' }])('there is a head and no colour with %j', async (env) => {
    const lines = await onTerminal('list', env)
    expect(lines[0]).toMatch(/^OBJECT {10}STATE {2}SINCE/)
    expect(lines.join('\n')).not.toContain('\u001b')
  })

  it('a pipe gets tabs, no head and no colour', async () => {
    const lines = await quorate('list')
    expect(lines.map((line) => line.split('\t').slice(0, 2))).toEqual([
      ['site/long-name', 'up'],
      ['site/x', 'down'],
    ])
    expect(lines.join('\n')).not.toContain('\u001b')
  })
})
