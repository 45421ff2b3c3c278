// Writes the pages that are made from tables in the code. Tests compare them.
import { writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '..')
const require = createRequire(import.meta.url)
const { configurationPage } = require(join(ROOT, 'dist/libs/config/src/index.js'))

writeFileSync(join(ROOT, 'docs/configuration.md'), configurationPage())
