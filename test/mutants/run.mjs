// Puts each mutant into a copy of the project and runs the tests of the vote on it: a mutant that no test notices
// survives. On demand:
//   node test/mutants/run.mjs [part of a name …] [--fit]
// --fit: only says whether each mutant fits the code. QUORATE_SCENARIOS=2000 random scenarios for each by default
// Exit codes: 0 all are killed, 1 some survive, 2 a mutant does not fit the code, or the tests fail without any.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { MUTANTS } from './mutants.mjs'

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../..')
const VOTE = 'libs/vote/src'

const wanted = process.argv.slice(2).filter((word) => word !== '--fit')
const chosen = MUTANTS.filter(([name]) => wanted.length === 0 || wanted.some((part) => name.includes(part)))
const misfits = chosen.filter(([, file, from]) => readFileSync(join(ROOT, VOTE, file), 'utf8').split(from).length !== 2)
for (const [name, file] of misfits) console.log(`DOES NOT FIT  ${name} (${file})`)
if (misfits.length > 0) process.exit(2)
if (process.argv.includes('--fit')) {
  console.log(`${chosen.length} mutants fit`)
  process.exit(0)
}

const copy = mkdtempSync(join(tmpdir(), 'mutants-'))
process.on('exit', () => rmSync(copy, { recursive: true, force: true }))
process.on('SIGINT', () => process.exit(130))
for (const part of ['apps', 'libs', 'scripts', 'test', 'jest.config.cjs', 'tsconfig.json', 'package.json', '.swcrc'])
  cpSync(join(ROOT, part), join(copy, part), { recursive: true })
symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'))

const SCENARIOS = process.env.QUORATE_SCENARIOS ?? '2000'
/** ms for one file of tests: many times what it takes without a mutant. */
const PATIENCE = 120_000
let timeouts = 0
/** The quick ones first: few mutants are left for the others. */
const SPECS = ['libs/engine/src/simulation/(cases|edges).spec', 'libs/engine/src/simulation/reference.spec', `${VOTE}/`]
const passes = (spec) => {
  const args = [
    '--experimental-vm-modules',
    '--disable-warning=ExperimentalWarning',
    join(ROOT, 'node_modules/jest/bin/jest.js'),
  ]
  const { status, signal } = spawnSync(process.execPath, [...args, '--bail', '--selectProjects', 'unit', '--', spec], {
    cwd: copy,
    stdio: 'ignore',
    // A mutant may make the engine run for ever.
    timeout: PATIENCE,
    env: { ...process.env, QUORATE_SCENARIOS: SCENARIOS },
  })
  if (signal !== null) timeouts++
  return status === 0
}
const pass = () => SPECS.every(passes)

if (!pass()) {
  console.log('The tests fail without any mutant: nothing can be told.')
  process.exit(2)
}
const survivors = []
for (const [name, file, from, to] of chosen) {
  const path = join(copy, VOTE, file)
  const original = readFileSync(path, 'utf8')
  writeFileSync(
    path,
    original.replace(from, () => to),
  )
  const before = timeouts
  const survives = pass()
  writeFileSync(path, original)
  if (survives) survivors.push(name)
  const how = timeouts > before ? ', which never ended' : ''
  console.log(`${survives ? 'SURVIVES' : 'killed  '}  ${name} (${file})${how}`)
}
console.log(`${chosen.length - survivors.length} of ${chosen.length} killed`)
process.exit(survivors.length === 0 ? 0 : 1)
