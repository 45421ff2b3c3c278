const { readFileSync } = require('node:fs')
const { join } = require('node:path')

const ROOT = join(__dirname, '..')

/** The aliases of tsconfig.json, which alone declares them, as Jest's moduleNameMapper. */
exports.pathsToMapper = () => {
  const { paths } = JSON.parse(readFileSync(join(ROOT, 'tsconfig.json'), 'utf8')).compilerOptions
  return Object.fromEntries(Object.entries(paths).map(([name, [file]]) => [`^${name}$`, join(ROOT, file)]))
}
