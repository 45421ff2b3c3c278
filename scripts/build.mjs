// Compiles apps/, libs/ and examples/ to dist/ with SWC, which rewrites the aliases of tsconfig.json. Types are checked
// by `npm run typecheck`. Only changed files are compiled, and each is replaced in one step, so that running programs
// are not disturbed.
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { transformFile } from '@swc/core'
import { lastBuild, OUT, ROOT, sources, STAMP } from './sources.mjs'

const { compiled, copied, recipe, fingerprint } = sources()
const everything = process.argv.includes('--force') || !lastBuild().startsWith(recipe)
if (!everything && lastBuild() === fingerprint) process.exit(0)

const started = performance.now()
const swcrc = JSON.parse(readFileSync(join(ROOT, '.swcrc'), 'utf8'))
const { paths } = JSON.parse(readFileSync(join(ROOT, 'tsconfig.json'), 'utf8')).compilerOptions
delete swcrc.$schema
swcrc.jsc.baseUrl = ROOT
swcrc.jsc.paths = paths

const outputOf = (file) => join(OUT, relative(ROOT, file)).replace(/\.ts$/, '.js')
const isStale = (file) => {
  const built = statSync(outputOf(file), { throwIfNoEntry: false })
  return everything || !built || built.mtimeMs <= statSync(file).mtimeMs
}

function replace(file, write) {
  mkdirSync(dirname(file), { recursive: true })
  const fresh = `${file}.${process.pid}`
  write(fresh)
  renameSync(fresh, file)
}

async function compile(file) {
  const out = outputOf(file)
  const { code, map } = await transformFile(file, { ...swcrc, swcrc: false, sourceFileName: file })
  if (map) replace(`${out}.map`, (fresh) => writeFileSync(fresh, map))
  replace(out, (fresh) => writeFileSync(fresh, `${code}\n//# sourceMappingURL=${out.split('/').at(-1)}.map\n`))
}

rmSync(STAMP, { force: true })
const stale = compiled.filter(isStale)
await Promise.all(stale.map(compile))
for (const file of copied.filter(isStale)) replace(outputOf(file), (fresh) => copyFileSync(file, fresh))

const wanted = new Set([...compiled, ...copied].map(outputOf).flatMap((out) => [out, `${out}.map`]))
for (const entry of existsSync(OUT) ? readdirSync(OUT, { withFileTypes: true, recursive: true }) : []) {
  const file = join(entry.parentPath, entry.name)
  if (entry.isFile() && !wanted.has(file)) rmSync(file)
}
mkdirSync(OUT, { recursive: true })
writeFileSync(STAMP, fingerprint)
process.stderr.write(
  `built ${stale.length} of ${compiled.length} files in ${((performance.now() - started) / 1000).toFixed(1)} s\n`,
)
