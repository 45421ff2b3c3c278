/** `node -r <this> file.ts`: lets a test start a process from the sources. Types are stripped; the aliases of tsconfig.json are resolved. */
const { readFileSync } = require('node:fs')
const Module = require('node:module')
const { join } = require('node:path')
const { transformSync } = require('@swc/core')

const ROOT = join(__dirname, '../../..')
const { paths } = JSON.parse(readFileSync(join(ROOT, 'tsconfig.json'), 'utf8')).compilerOptions

require.extensions['.ts'] = (module, filename) => {
  const { code } = transformSync(readFileSync(filename, 'utf8'), { filename })
  module._compile(code, filename)
}

const resolve = Module._resolveFilename
Module._resolveFilename = (request, ...rest) =>
  resolve.call(Module, Object.hasOwn(paths, request) ? join(ROOT, paths[request][0]) : request, ...rest)
