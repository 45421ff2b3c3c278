const { readFileSync } = require('node:fs')
const { join } = require('node:path')

const ROOT = join(__dirname, '..')

/** The aliases, which only tsconfig.json declares, as Jest's moduleNameMapper. */
exports.pathsToMapper = () => {
  const { paths } = JSON.parse(readFileSync(join(ROOT, 'tsconfig.json'), 'utf8')).compilerOptions
  return Object.fromEntries(Object.entries(paths).map(([name, [file]]) => [`^${name}$`, join(ROOT, file)]))
}
