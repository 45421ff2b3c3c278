// Compiles apps/ and libs/ to dist/ with SWC, which rewrites the aliases of tsconfig.json; types are checked by `npm run typecheck`.
import { mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync, copyFileSync, existsSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { transformFile } from '@swc/core'

const ROOT = join(import.meta.dirname, '..')
const OUT = join(ROOT, 'dist')
const STAMP = join(OUT, '.built')
const NOT_BUILT = /\.(spec|system|conformance)\.ts$|\.d\.ts$/
const ASSET = /\.(html|css|svg|liquid|sql|py|js)$/

const filesBelow = (dir) =>
  readdirSync(dir, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))

const sources = ['apps', 'libs'].flatMap((dir) => filesBelow(join(ROOT, dir)))
const inputs = [...sources, ...['tsconfig.json', '.swcrc', 'package.json', 'scripts/build.mjs'].map((f) => join(ROOT, f))]

/** Names and times of everything that goes into a build; equal fingerprints need no build. */
const fingerprint = () => inputs.map((f) => `${relative(ROOT, f)} ${statSync(f).mtimeMs}`).sort().join('\n')

const wanted = fingerprint()
if (!process.argv.includes('--force') && existsSync(STAMP) && readFileSync(STAMP, 'utf8') === wanted) process.exit(0)

const started = performance.now()
rmSync(OUT, { recursive: true, force: true })
const swcrc = JSON.parse(readFileSync(join(ROOT, '.swcrc'), 'utf8'))
const { paths } = JSON.parse(readFileSync(join(ROOT, 'tsconfig.json'), 'utf8')).compilerOptions
delete swcrc.$schema
swcrc.jsc.baseUrl = ROOT
swcrc.jsc.paths = paths

const targets = sources.filter((f) => f.endsWith('.ts') && !NOT_BUILT.test(f))
await Promise.all(
  targets.map(async (file) => {
    const out = join(OUT, relative(ROOT, file)).replace(/\.ts$/, '.js')
    const { code, map } = await transformFile(file, { ...swcrc, swcrc: false, sourceFileName: file })
    mkdirSync(dirname(out), { recursive: true })
    writeFileSync(out, `${code}\n//# sourceMappingURL=${out.split('/').at(-1)}.map\n`)
    if (map) writeFileSync(`${out}.map`, map)
  }),
)
for (const file of sources.filter((f) => ASSET.test(f))) {
  const out = join(OUT, relative(ROOT, file))
  mkdirSync(dirname(out), { recursive: true })
  copyFileSync(file, out)
}
writeFileSync(STAMP, wanted)
process.stderr.write(`built ${targets.length} files in ${((performance.now() - started) / 1000).toFixed(1)} s\n`)
