/** `node -r <this> file.ts`: lets a test start a process from the sources. Types are stripped, aliases are not resolved. */
const { readFileSync } = require('node:fs')
const { transformSync } = require('@swc/core')

require.extensions['.ts'] = (module, filename) => {
  const { code } = transformSync(readFileSync(filename, 'utf8'), { filename })
  module._compile(code, filename)
}
