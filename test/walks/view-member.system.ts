import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

jest.setTimeout(600_000)

const ROOT = join(__dirname, '../..')
const PARTS = ['apps', 'libs', 'packages', 'scripts', 'test', 'bench', 'examples', 'jest.config.cjs', 'tsconfig.json', 'package.json', '.swcrc'] // prettier-ignore

/** An edit: a text of the file and what comes in its place. */
type Edit = readonly [file: string, from: string, to: string]
const SCHEMA: Edit = [
  'libs/contracts/src/view.ts',
  '      incident: orNull(',
  '      voters: Type.Optional(count),\n      incident: orNull(',
]
const COMPUTED: Edit = [
  'libs/vote/src/view.ts',
  '    incident: object.heldUntil',
  '    voters: outcome.participants,\n    incident: object.heldUntil',
]
const ROWS: Edit = [
  'apps/notifier/src/rows/packed-views.ts',
  "  tallyRest: 'may',",
  "  tallyRest: 'may', voters: 'may',",
]
const BYTES: Edit = [
  'libs/contracts/src/view-codec.ts',
  ',"incident":${quoteOrNull(view.incident)}',
  '${view.voters === undefined ? \'\' : `,"voters":${view.voters}`},"incident":${quoteOrNull(view.incident)}',
]

/**
 * The row "add a member to the view of an object" of "What to touch" (docs/architecture.md), walked in a copy of the
 * sources.
 */
describe('a member that is added to the view', () => {
  let copy: string
  beforeAll(() => {
    copy = mkdtempSync(join(tmpdir(), 'view-member-'))
    const isSource = (path: string) => !/\/(dist|node_modules|\.cache|data|target)(\/|$)/.test(path.slice(ROOT.length))
    for (const part of PARTS) cpSync(join(ROOT, part), join(copy, part), { recursive: true, filter: isSource })
    symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'))
  })
  afterAll(() => rmSync(copy, { recursive: true, force: true }))

  function edit([file, from, to]: Edit): void {
    const path = join(copy, file)
    const parts = readFileSync(path, 'utf8').split(from)
    expect([file, parts.length]).toEqual([file, 2])
    writeFileSync(path, parts.join(to))
  }
  function run(script: string, ...args: string[]): { ok: boolean; output: string } {
    const ran = spawnSync(
      process.execPath,
      [
        '--experimental-vm-modules',
        '--disable-warning=ExperimentalWarning',
        join(ROOT, 'node_modules', script),
        ...args,
      ],
      { cwd: copy, encoding: 'utf8' },
    )
    return { ok: ran.status === 0, output: ran.stdout + ran.stderr }
  }
  /** Files that do not compile. */
  const faulty = () => {
    const { output } = run('typescript/bin/tsc', '--noEmit', '--incremental', 'false', '-p', 'tsconfig.json')
    return [...new Set([...output.matchAll(/^(\S+?)\(\d+,\d+\): error/gm)].map(([, file]) => file))]
  }
  const tests = (...specs: string[]) => run('jest/bin/jest.js', '--selectProjects', 'unit', '--', ...specs)

  it('touches the files that the page names, and is missed in none of them', () => {
    edit(SCHEMA)
    edit(COMPUTED)
    expect(faulty()).toEqual([ROWS[0]])
    edit(ROWS)
    const codec = 'libs/contracts/src/view-codec.spec.ts'
    const forgotten = tests(codec)
    expect(forgotten).toMatchObject({
      ok: false,
      output: expect.stringContaining('write every member that the schema declares'),
    })
    edit(BYTES)
    const golden = ['libs/contracts/src/change-codec.spec.ts', 'apps/notifier/src/rows/packed-rows.spec.ts']
    expect(tests(codec, ...golden)).toMatchObject({ ok: true })
    expect(faulty()).toEqual([])
    const page = readFileSync(join(ROOT, 'docs/architecture.md'), 'utf8')
    const row = page.split('\n').find((line) => line.includes('add a member to the view'))
    for (const [file] of [SCHEMA, COMPUTED, ROWS, BYTES]) expect(row).toContain(`\`${file}\``)
  })
})
