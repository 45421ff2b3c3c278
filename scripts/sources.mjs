// The inputs of a build, and whether the last build matches them. Uses only Node's own modules: the launcher reads this
// before anything is installed.
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..')
export const OUT = join(ROOT, 'dist')
export const STAMP = join(OUT, '.built')

const NOT_BUILT = /\.(spec|system|conformance)\.ts$|\.d\.ts$/
const ASSET = /\.(html|css|svg|liquid|sql)$/
const RECIPE = ['tsconfig.json', '.swcrc', 'package.json', 'scripts/build.mjs', 'scripts/sources.mjs'].map((f) =>
  join(ROOT, f),
)

const filesBelow = (dir) =>
  readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    if (entry.isDirectory()) return filesBelow(join(dir, entry.name))
    return entry.isFile() ? [join(dir, entry.name)] : []
  })

const stamp = (file) => `${relative(ROOT, file)} ${statSync(file).mtimeMs}`

/** The files to compile and to copy, and two fingerprints: of the recipe (a change rebuilds all) and of every input. */
export function sources() {
  const packages = readdirSync(join(ROOT, 'packages')).map((name) => join('packages', name, 'src'))
  const folders = ['apps', 'libs', 'examples', ...packages].map((dir) => join(ROOT, dir)).filter(existsSync)
  const files = folders.flatMap(filesBelow).sort()
  const compiled = files.filter((f) => f.endsWith('.ts') && !NOT_BUILT.test(f))
  const copied = files.filter((f) => ASSET.test(f))
  const recipe = RECIPE.map(stamp).join('\n')
  return { compiled, copied, recipe, fingerprint: [recipe, ...[...compiled, ...copied].map(stamp)].join('\n') }
}

export const lastBuild = () => (existsSync(STAMP) ? readFileSync(STAMP, 'utf8') : '')
export const isBuilt = () => lastBuild() === sources().fingerprint
