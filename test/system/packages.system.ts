import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { VERSION } from '@quorate/config/version'
import { freePorts } from '../broker/ports'
import { ROOT, temporaryFolder } from './harness'
import { endAll, run, SystemProcess } from './process'
import { exampleOf } from './readme-example'
import { until } from './until'
import { npm, Verdaccio, whyNoRegistry } from './verdaccio'

const PACKAGES = readdirSync(join(ROOT, 'packages')).sort()
const TYPED = PACKAGES.filter((name) => name !== 'quorate')
const folder = temporaryFolder('packages')
afterAll(async () => {
  await endAll()
  folder.remove()
})

const bin = (path: string, args: readonly string[], cwd = ROOT) =>
  run(process.execPath, { args: [join(ROOT, 'node_modules', path), ...args], cwd })

interface Packed {
  readonly filename: string
  readonly files: readonly { readonly path: string }[]
}

beforeAll(async () => {
  const built = await run(process.execPath, { args: [join(ROOT, 'scripts/packages/build.mjs')], cwd: ROOT })
  if (built.code !== 0) throw new Error(built.process.output)
}, 180_000)

describe.each(PACKAGES)('packages/%s', (name) => {
  const cwd = join(ROOT, 'packages', name)
  let packed: Packed

  it('packs compiled files, declarations, README and licence, and nothing else', async () => {
    const said = await npm(cwd, ['pack', '--json', '--pack-destination', folder.path])
    packed = (JSON.parse(said.join('\n')) as [Packed])[0]
    const paths = packed.files.map(({ path }) => path)
    expect(paths).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'package.json']))
    const others = paths.filter((path) => !/^dist\/.*\.(js|d\.ts)$/.test(path))
    expect(others.sort()).toEqual(['LICENSE', 'README.md', 'dist/commit', 'package.json'])
    expect(paths.filter((path) => /\.(spec|system|conformance)\.|fixtures/.test(path))).toEqual([])
  }, 60_000)

  it('is right for publint', async () => {
    const { code, process: it } = await bin('publint/src/cli.js', ['--strict', '--pack', 'false'], cwd)
    expect([code, it.output]).toEqual([0, expect.stringContaining('All good')])
  }, 60_000)

  // Subpaths need `moduleResolution` node16 or bundler, which the READMEs say.
  if (TYPED.includes(name))
    it('has types that CommonJS and ES modules find', async () => {
      const args = [join(folder.path, packed.filename), '--profile', 'node16', '--no-color']
      const { code, process: attw } = await bin('@arethetypeswrong/cli/dist/index.js', args)
      expect([code, attw.output]).toEqual([0, expect.any(String)])
    }, 120_000)
})

const reason = whyNoRegistry()
if (reason && process.env['QUORATE_REQUIRE_REGISTRY'] === '1')
  throw new Error(`QUORATE_REQUIRE_REGISTRY=1, but ${reason}`)
// Said aloud, as everywhere: without a registry nothing can be installed.
if (reason) process.stderr.write(`SKIPPED: the installation of the packages, because ${reason}\n`)

;(reason ? describe.skip : describe)('the packages, installed from a registry into an empty folder', () => {
  const home = join(folder.path, 'home')
  let registry: Verdaccio
  let server: SystemProcess
  let url: string
  const example = async (name: string) => {
    const { language, code, prints } = exampleOf(name)
    const file = join(home, language === 'sh' ? `${name}.sh` : `${name}.mjs`)
    writeFileSync(file, code)
    const command = language === 'sh' ? 'sh' : process.execPath
    const { code: exit, process: it } = await run(command, { args: [file], cwd: home, env: { QUORATE_URL: url } })
    expect([exit, it.stderr, it.stdout.join('\n')]).toEqual([0, [], expect.stringMatching(prints)])
  }

  beforeAll(async () => {
    mkdirSync(home)
    writeFileSync(join(home, 'package.json'), JSON.stringify({ name: 'home', private: true }))
    registry = await Verdaccio.start(join(folder.path, 'registry'))
    await npm(ROOT, ['publish', '--workspaces'], registry.env)
    const names = PACKAGES.map((name) => (name === 'quorate' ? name : `@quorate/${name}`))
    await npm(home, ['install', '--no-audit', '--no-fund', ...names], registry.env)
    const [port] = await freePorts(1)
    url = `http://127.0.0.1:${port}`
    server = new SystemProcess('npx', { args: ['quorate', 'start'], cwd: home, env: { QUORATE_PORT: String(port) } })
    await server.line(/^Quorate listens on /, 60_000)
  }, 300_000)
  afterAll(() => registry?.stop())

  it('says its version, and the commit', async () => {
    const { code, process: it } = await run('npx', { args: ['quorate', '--version'], cwd: home })
    const commit = /^(.*) \(commit [0-9a-f]{12}(, changed)?\)$/.exec(it.stdout.join('\n'))
    expect([code, commit?.[1]]).toEqual([0, VERSION])
  })

  // In this order: quorate and client report on the same object.
  it.each(['quorate', 'client', 'key-value-table', 'engine'])('runs the example in the README of %s', example, 60_000)

  it.each(['cts', 'mts'])(
    'has types for a program that is %s',
    async (ending) => {
      const program = [
        `import { QuorateClient } from '@quorate/client'`,
        `import { KeyValueTable, type Log } from '@quorate/key-value-table'`,
        `import { openEmbeddedLog } from '@quorate/key-value-table/embedded'`,
        `import { openKafkaLog } from '@quorate/key-value-table/kafka'`,
        `import { type Rule, runStandalone } from '@quorate/engine'`,
        `import { startQuorate } from '@quorate/engine/nest'`,
        `import { simulate } from '@quorate/engine/testing'`,
        `export const client: Promise<string> = new QuorateClient().get('x').then(({ view }) => view.state)`,
        `export const logs: (() => Promise<Log>)[] = [() => openEmbeddedLog({ memory: true }), () => openKafkaLog({ brokers: [], clientId: 'x' })]`,
        `export const table = (log: Log) => KeyValueTable.open<number>({ log, topic: 't' })`,
        `export const rule: Rule = (participants) => ({ winner: participants[0]!.state, rule: 'first' })`,
        `export const all = [runStandalone, startQuorate, simulate]`,
      ]
      writeFileSync(join(home, `consumer.${ending}`), program.join('\n'))
      const types = ['--types', 'node', '--typeRoots', join(ROOT, 'node_modules/@types')]
      const args = ['--noEmit', '--strict', '--skipLibCheck', '--target', 'es2024', '--module', 'node20', ...types]
      const { code, process: tsc } = await bin('typescript/bin/tsc', [...args, `consumer.${ending}`], home)
      expect([code, tsc.stdout]).toEqual([0, []])
    },
    120_000,
  )

  it('leaves no server behind when npx is ended', async () => {
    await server.stop()
    await until(
      'the port is free',
      () =>
        fetch(url).then(
          () => false,
          () => true,
        ),
      20_000,
    )
  }, 60_000)

  it('stops clean at SIGTERM, and has its states after a start', async () => {
    const env = { QUORATE_PORT: new URL(url).port }
    const again = new SystemProcess(process.execPath, { args: ['node_modules/.bin/quorate', 'start'], cwd: home, env })
    await again.line(/^Quorate listens on /)
    const answer = await fetch(`${url}/v1/objects/site%2Fx`)
    expect([answer.status, await answer.json()]).toEqual([200, expect.objectContaining({ state: 'down' })])
    expect(await again.stop()).toEqual({ code: 0, signal: null })
  }, 60_000)
})
