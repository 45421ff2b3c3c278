// Writes the pages that are generated from the code: docs/configuration.md and docs/openapi.json. Tests compare them.
import { writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import prettier from 'prettier'

const ROOT = join(import.meta.dirname, '..')
const require = createRequire(import.meta.url)
const built = (path) => require(join(ROOT, 'dist', path))

require('reflect-metadata')
const { configurationPage, loadConfig } = built('libs/config/src/index.js')
writeFileSync(join(ROOT, 'docs/configuration.md'), configurationPage())

const { openEmbeddedLog } = built('libs/log/embedded/index.js')
const { startStandalone } = built('apps/standalone/src/bootstrap.js')
const argv = ['--port', '0', '--data-dir', ':memory:', '--log-level', 'warn']
const log = await openEmbeddedLog({ memory: true })
const running = await startStandalone(loadConfig('standalone', { argv, env: {}, readFile: () => '' }), { log })
const document = await (await fetch(`${running.url}/openapi.json`)).json()
const path = join(ROOT, 'docs/openapi.json')
writeFileSync(
  path,
  await prettier.format(JSON.stringify(document), { ...(await prettier.resolveConfig(path)), filepath: path }),
)
await running.close()
await log.close()
