// What a file of a package reaches: compiled modules by their `require`s, declarations by their imports.
import { existsSync, readFileSync, statSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { dirname, join } from 'node:path'

const REQUIRED = /\brequire\("([^"]+)"\)/g
/** `new Worker(join(__dirname, `name${extname(__filename)}`))` */
const WORKER = /__dirname, `([\w-]+)\$\{/g
const IMPORTED = /(?:\bfrom|\bimport\(|\bimport|\bmodule) ?['"]([^'"\s;]+)['"]/g

const BUILT_IN = new Set(builtinModules)
/** `@scope/name/deep` → `@scope/name`; undefined for a module of Node. */
function packageOf(specifier) {
  if (specifier.startsWith('node:') || BUILT_IN.has(specifier)) return undefined
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

const isFile = (path) => existsSync(path) && statSync(path).isFile()

function resolve(from, specifier, endings) {
  const base = join(dirname(from), specifier)
  const found = endings.map((ending) => base + ending).find(isFile)
  if (!found) throw new Error(`${from} names ${specifier}, which is not there`)
  return found
}

/**
 * Walks from the entries. `namesIn` returns the specifiers of a file; `fileOf` the file of a specifier of this
 * project, or undefined for others.
 * @returns the files, and the packages that they name
 */
function walk(entries, namesIn, fileOf) {
  const files = new Set(entries)
  const packages = new Set()
  for (const file of files)
    for (const specifier of namesIn(readFileSync(file, 'utf8'))) {
      const ours = fileOf(file, specifier)
      if (ours) files.add(ours)
      else if (packageOf(specifier)) packages.add(packageOf(specifier))
    }
  return { files: [...files], packages: [...packages].sort() }
}

const all = (text, pattern) => [...text.matchAll(pattern)].map(([, name]) => name)

export const modulesFrom = (entries) =>
  walk(
    entries,
    (text) => [...all(text, REQUIRED), ...all(text, WORKER).map((name) => `./${name}.js`)],
    (file, name) => (name.startsWith('.') ? resolve(file, name, ['', '.js', '/index.js']) : undefined),
  )

/** `fileOfAlias` returns the declarations of one of our aliases, or undefined. */
export const declarationsFrom = (entries, fileOfAlias) =>
  walk(
    entries,
    (text) => all(text, IMPORTED),
    (file, name) => (name.startsWith('.') ? resolve(file, name, ['.d.ts', '/index.d.ts']) : fileOfAlias(name)),
  )

/** The text with each of our aliases as a path from the file. */
export const withPaths = (text, pathOf) =>
  text.replace(IMPORTED, (whole, name) => whole.replace(name, pathOf(name) ?? name))
