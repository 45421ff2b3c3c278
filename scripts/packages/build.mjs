// Fills packages/<name>/dist: the compiled files and the declarations that the entries of its package.json reach, and
// the licence. `npm run packages` fills all of them; run it before `npm pack` and `npm publish`. The reason is in
// docs/adr/0021-packages-carry-what-they-reach.md.
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { OUT, ROOT } from '../sources.mjs'
import { declarationsFrom, modulesFrom, withPaths } from './closure.mjs'
import { aliases, DECLARATIONS, emitDeclarations } from './declarations.mjs'

const PACKAGES = join(ROOT, 'packages')
const chosen = process.argv.length > 2 ? process.argv.slice(2) : readdirSync(PACKAGES).sort()
const fileOfAlias = aliases()
/** What a package of others loads by its name, and does not bring. */
const ALSO = { '@nestjs/platform-fastify': ['@fastify/static'] }

/** Paths below dist/ that package.json names. */
function entriesOf(manifest) {
  const named = JSON.stringify([manifest.exports, manifest.bin ?? {}])
  const paths = [...named.matchAll(/"\.\/dist\/([^"]+)"/g)].map(([, path]) => path)
  return {
    modules: paths.filter((path) => path.endsWith('.js')),
    types: paths.filter((path) => path.endsWith('.d.ts')),
  }
}

function write(folder, from, file, text) {
  const to = join(folder, 'dist', relative(from, file))
  mkdirSync(dirname(to), { recursive: true })
  writeFileSync(to, text)
}

/** Sources are not in the package, so nor are the maps that lead to them. */
const compiled = (file) => readFileSync(file, 'utf8').replace(/\n\/\/# sourceMappingURL=.*\n?$/, '\n')

function declared(file) {
  return withPaths(readFileSync(file, 'utf8'), (name) => {
    const target = fileOfAlias(name)
    if (!target) return undefined
    const path = relative(dirname(file), target).replace(/\.d\.ts$/, '')
    return path.startsWith('.') ? path : `./${path}`
  })
}

/** @throws Error where package.json does not name just what the files need */
function compareDependencies({ name, dependencies = {}, peerDependencies = {} }, modules, types) {
  const given = Object.keys({ ...dependencies, ...peerDependencies })
  const needed = new Set([...modules, ...types].flatMap((it) => [it, ...(ALSO[it] ?? [])]))
  const faults = [
    ...[...needed].filter((it) => !given.includes(it)).map((it) => `${it} is needed and not named`),
    ...given
      .filter((it) => !needed.has(it) && !needed.has(it.replace(/^@types\//, '')))
      .map((it) => `${it} is named and not needed`),
  ]
  if (faults.length > 0) throw new Error(`the dependencies of ${name}: ${faults.join('; ')}`)
}

/** The commit of the work tree; undefined where there is no git. */
function commit() {
  try {
    const git = (...args) =>
      execFileSync('git', args, { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
    const changed = git('status', '--porcelain', '--untracked-files=no') !== ''
    return `${git('rev-parse', '--short=12', 'HEAD').trim()}${changed ? ', changed' : ''}`
  } catch {
    return undefined
  }
}

const manifests = chosen.map((name) => {
  const folder = join(PACKAGES, name)
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  return { name, folder, manifest, entries: entriesOf(manifest) }
})
const typed = manifests
  .flatMap(({ entries }) => entries.types)
  .map((path) => join(ROOT, path.replace(/\.d\.ts$/, '.ts')))
rmSync(DECLARATIONS, { recursive: true, force: true })
if (typed.length > 0) emitDeclarations(typed)

const version = commit()
for (const { name, folder, manifest, entries } of manifests) {
  const modules = modulesFrom(entries.modules.map((path) => join(OUT, path)))
  const types = declarationsFrom(
    entries.types.map((path) => join(DECLARATIONS, path)),
    fileOfAlias,
  )
  compareDependencies(manifest, modules.packages, types.packages)
  rmSync(join(folder, 'dist'), { recursive: true, force: true })
  for (const file of modules.files) write(folder, OUT, file, compiled(file))
  for (const file of types.files) write(folder, DECLARATIONS, file, declared(file))
  if (version) writeFileSync(join(folder, 'dist', 'commit'), `${version}\n`)
  copyFileSync(join(ROOT, 'LICENSE'), join(folder, 'LICENSE'))
  process.stderr.write(`packages/${name}: ${modules.files.length} modules, ${types.files.length} declarations\n`)
}
