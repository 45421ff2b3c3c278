import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { audited } from './auditing'
import { App, ROOT, temporaryFolder } from './harness'
import { endAll, run, SystemProcess } from './process'

const CLI = join(ROOT, 'dist/apps/cli/src/main.js')
const folder = temporaryFolder('cli')
let app: App

beforeAll(async () => {
  app = await App.start('standalone', { dataDir: join(folder.path, 'data'), apiKey: 'a-key' })
}, 60_000)
afterAll(async () => {
  await endAll()
  folder.remove()
})

const settings = () => ({ QUORATE_URL: app.url, QUORATE_API_KEY: 'a-key' })
async function quorate(args: string[], options: { env?: Record<string, string>; input?: string } = {}) {
  const { code, process: it } = await run(process.execPath, {
    args: [CLI, ...args],
    env: options.env ?? settings(),
    input: options.input ?? '',
  })
  return { code, out: it.stdout, err: it.stderr.join('\n') }
}
const json = async (...args: string[]) => {
  const { code, out, err } = await quorate([...args, '--json'])
  expect([code, err]).toEqual([0, ''])
  return out.map((line) => JSON.parse(line))
}

describe('quorate', () => {
  it('reports, gets, explains, overrides and deletes', async () => {
    expect(await json('report', 'site/x', 'down', '--agent', 'a', '--ttl', '10m', '--wait')).toEqual([
      expect.objectContaining({
        position: expect.stringMatching(/^\d@\d+$/),
        view: expect.objectContaining({ state: 'down' }),
      }),
    ])
    expect(await json('get', 'site/x')).toEqual([
      expect.objectContaining({ object: 'site/x', state: 'down', tally: { down: 1 } }),
    ])
    expect(await json('explain', 'site/x')).toEqual([expect.objectContaining({ winner: 'down', margin: 1 })])
    const [set] = await json('override', 'set', 'site/x', 'up', '--reason', 'known', '--for', '2h')
    expect(set.view).toMatchObject({
      state: 'up',
      voted: 'down',
      override: { reason: 'known', author: 'admin', mode: 'pin' },
    })
    expect((await json('history', 'site/x'))[0]).toMatchObject([{ author: 'admin', reason: 'known' }, {}])
    expect((await quorate(['get', 'site/x'])).out.join('\n')).toMatch(
      /\(override\)\n {2}held at up until \S+, then down by the current vote; by admin: known/,
    )
    expect((await quorate(['explain', 'site/x'])).out[0]).toMatch(
      /^held at up until \S+, then down by the current vote; by admin: known$/,
    )
    expect((await json('override', 'clear', 'site/x', '--reason', 'mended'))[0].view).toMatchObject({
      state: 'down',
      override: null,
    })
    expect((await json('history', 'site/x'))[0][0]).toMatchObject({
      cause: 'override-cleared',
      author: 'admin',
      reason: 'mended',
    })
    expect((await quorate(['history', 'site/x'])).out.join('\n')).toMatch(
      /override-cleared\tadmin: mended\t.*override\tadmin: known\t/s,
    )
    await json('delete', 'site/x')
    expect(await quorate(['get', 'site/x'])).toMatchObject({
      code: 4,
      out: [],
      err: expect.stringContaining('not-found'),
    })
  })

  it('writes only if the etag still matches', async () => {
    await json('report', 'seen', 'up', '--agent', 'a', '--wait')
    const { code, err } = await quorate(['delete', 'seen', '--if-match', '9.9.9.9'])
    expect([code, err]).toEqual([1, expect.stringContaining('precondition-failed')])
  })

  it('keeps integers of evidence that no double can represent', async () => {
    const evidence = '{"trace":18446744073709551615}'
    await json('report', 'exact', 'up', '--agent', 'a', '--evidence', evidence, '--wait')
    expect((await quorate(['explain', 'exact', '--json'])).out.join('')).toContain(`"evidence":${evidence}`)
    const file = join(folder.path, 'exact.jsonl')
    writeFileSync(file, `{"object":"exact","agent":"b","state":"up","evidence":[-9007199254740993]}\n`)
    await quorate(['report', '--file', file])
    await json('report', 'exact', 'up', '--agent', 'c', '--wait')
    expect((await quorate(['explain', 'exact', '--json'])).out.join('')).toContain('"evidence":[-9007199254740993]')
  })

  it('sends files of reports, and names the lines that were rejected', async () => {
    const file = join(folder.path, 'reports.jsonl')
    const report = (object: string) => JSON.stringify({ object, agent: 'a', state: 'up' })
    writeFileSync(file, `${report('file/1')}\n\n{"object":"file/2"}\n${report('file/3')}\n`)
    const { code, out, err } = await quorate(['report', '--file', file])
    expect({ code, out, err }).toEqual({
      code: 1,
      out: ['2 in the log, 1 rejected'],
      err: expect.stringMatching(/^line 3: /),
    })
    const many = Array.from({ length: 20_000 }, (_, i) => `${report(`many/${i % 100}`)}\n`).join('')
    expect(await quorate(['report', '--file', '-'], { env: settings(), input: many })).toMatchObject({
      code: 0,
      out: ['20000 in the log, 0 rejected'],
    })
  })

  it('lists in columns for programs, page by page, and as JSON', async () => {
    const { out } = await quorate(['list', '--prefix', 'many/', '--state', 'up'])
    expect(out).toHaveLength(100)
    expect(out[0]!.split('\t').slice(0, 2)).toEqual(['many/0', 'up'])
    expect((await json('list', '--prefix', 'many/', '--limit', '7')).map(({ object }) => object)).toHaveLength(7)
  })

  it('watches: the current states, then each change', async () => {
    const it = new SystemProcess(process.execPath, {
      args: [CLI, 'watch', '--prefix', 'watched/', '--json'],
      env: settings(),
    })
    await it.line(/"type":"sync"/)
    await json('report', 'watched/1', 'down', '--agent', 'a', '--wait')
    const line = await it.line(/watched\/1/)
    expect(JSON.parse(line)).toMatchObject({ type: 'object.changed', data: { object: 'watched/1', state: 'down' } })
    it.signal('SIGINT')
    expect(await it.exited).toEqual({ code: 0, signal: null })
  })

  it('writes, shows and removes policies', async () => {
    const policy = JSON.stringify({ match: 'policed/**', ttl: 120, quorum: 'majority' })
    expect((await quorate(['policy', 'put', 'sites'], { env: settings(), input: policy })).code).toBe(0)
    expect((await json('policy', 'get', 'sites'))[0]).toMatchObject({ name: 'sites', ttl: 120, quorum: 'majority' })
    expect((await quorate(['policy', 'list'])).out.map((line) => line.split('\t')[0])).toEqual(['sites', 'default'])
    expect((await quorate(['policy', 'delete', 'sites'])).code).toBe(0)
    const refused = await quorate(['policy', 'put', 'bad'], { env: settings(), input: '{"match":"**","ttl":7200}' })
    expect(refused).toMatchObject({ code: 1, out: [], err: expect.stringContaining('/memory') })
  })

  it('tries policies and settings of agents, shows what they would change, and writes nothing', async () => {
    for (const agent of ['a', 'b', 'c'])
      for (const n of [1, 2])
        await json('report', `tried/${n}`, agent === 'c' ? 'down' : 'up', '--agent', agent, '--ttl', '1h', '--wait')
    const policy = JSON.stringify({ match: 'tried/1', thresholds: { down: 1 }, ttl: 3600 })
    const { code, out } = await quorate(['policy', 'put', 'alert', '--dry-run'], { env: settings(), input: policy })
    expect([code, out]).toEqual([
      0,
      [
        'tried/1\tup\tdown\tpolicy\t',
        '1 would change state, 0 only a mark, 0 would be deleted; 1 evaluated.',
        'Nothing was written.',
      ],
    ])
    const [trial] = await json('agent', 'set', 'c', '--weight', '3', '--dry-run')
    expect(trial).toMatchObject({ agent: { agent: 'c', weight: 3, muted: false }, changed: 2, complete: true })
    expect(trial.items.map((it: { object: string; after: { state: string } }) => [it.object, it.after.state])).toEqual([
      ['tried/1', 'down'],
      ['tried/2', 'down'],
    ])
    expect((await json('get', 'tried/1'))[0]).toMatchObject({ state: 'up', policy: 'default' })
    expect((await quorate(['agent', 'list'])).out).toEqual([])
    const bad = await quorate(['policy', 'put', 'bad', '--dry-run'], {
      env: settings(),
      input: '{"match":"**","ttl":7200}',
    })
    expect(bad).toMatchObject({ code: 1, out: [], err: expect.stringContaining('/memory') })
  })

  it('writes, shows and removes the settings of agents', async () => {
    expect((await quorate(['agent', 'set', 'm', '--weight', '0', '--muted'])).code).toBe(0)
    expect((await quorate(['agent', 'list'])).out).toEqual(['m\t0\tmuted'])
    expect((await json('agent', 'get', 'm'))[0]).toEqual({ agent: 'm', weight: 0, muted: true })
    expect((await quorate(['agent', 'remove', 'm'])).code).toBe(0)
    expect((await quorate(['agent', 'get', 'm'])).code).toBe(4)
  })

  it('uses no colours in a pipe', async () => {
    const all = await Promise.all(
      [['list'], ['get', 'many/1'], ['explain', 'many/1'], ['cluster']].map((args) => quorate(args)),
    )
    for (const { out } of all) expect(out.join('\n')).not.toMatch(/\u001b\[/)
  })
})

describe('quorate explains errors', () => {
  it('when no server answers: how to start one', async () => {
    const { code, err } = await quorate(['get', 'x', '--url', 'http://127.0.0.1:9'])
    expect([code, err]).toEqual([3, expect.stringMatching(/No response from http:\/\/127\.0\.0\.1:9 .*npm start/)])
  })

  it('when the key is wrong: which variable', async () => {
    const { code, err } = await quorate(['get', 'x'], { env: { ...settings(), QUORATE_API_KEY: 'wrong' } })
    expect([code, err]).toEqual([1, expect.stringMatching(/QUORATE_API_KEY[\s\S]*unauthenticated/)])
    expect(err).not.toContain('wrong\n')
  })

  it.each([
    [['frobnicate'], /unknown command/],
    [['report', 'x'], /--agent/],
    [['report', 'x', 'up', '--agent', 'a', '--ttl', 'soon'], /duration/],
    [['override', 'set', 'x', 'up'], /--reason/],
    [['get', '..'], /fetch/],
    [['get', ''], /at least one character/],
    [['report', 'x', 'up', '--agent', 'a', '--ttl', '30'], /duration such as 30s/],
    [['list', '--limit', '0x10'], /integer from 1/],
    [['override', 'set', 'x', 'up', '--reason', 'r', '--until', '2026-11-30T22:00:00'], /time with its offset/],
    [['list', '--url', 'nowhere'], /url/i],
  ])('in %j: exit code 2', async (args, reason) => {
    const { code, out, err } = await quorate(args)
    expect([code, out, err]).toEqual([2, [], expect.stringMatching(reason)])
  })

  it('when the embedded log belongs to a running server: to stop it, and what to add', async () => {
    const place = ['--data-dir', app.dataDir]
    const beside = await quorate(['audit', ...place])
    expect([beside.code, beside.err]).toEqual([2, expect.stringMatching(/open to one process at a time.*--no-store/)])
    const locked = await quorate(['simulate', '--partition-of', 'quorate.reports', ...place])
    expect([locked.code, locked.err]).toEqual([1, expect.stringMatching(/stop the server that uses it/)])
  })

  it('prints its version', async () => {
    expect(await quorate(['--version'])).toEqual({ code: 0, out: [expect.stringMatching(/^\d+\.\d+\.\d+/)], err: '' })
  })

  it('has --help and examples on every command', async () => {
    const { code, out } = await quorate(['--help'])
    expect([code, out.join('\n')]).toEqual([0, expect.stringMatching(/Examples:[\s\S]*quorate simulate/)])
    expect((await quorate(['override', 'set', '--help'])).out.join('\n')).toContain('--until')
  })
})

it('everything that these commands wrote matches the source', async () => {
  expect(await app.process.stop()).toEqual({ code: 0, signal: null })
  await audited({ dataDir: app.dataDir })
})
