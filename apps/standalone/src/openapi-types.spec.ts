import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'

jest.setTimeout(120_000)

const ROOT = join(__dirname, '../../..')
const CALLS = join(ROOT, 'apps/standalone/testing/calls.openapi.ts')
const TYPES = join(ROOT, 'apps/standalone/testing/openapi-types.d.ts')
const DOCUMENT = join(ROOT, 'docs/openapi.json')

/** By the generator's own command: it is an ECMAScript module, which Jest does not load. */
const generated = (): string =>
  execFileSync(process.execPath, [join(ROOT, 'node_modules/openapi-typescript/bin/cli.js'), DOCUMENT], {
    encoding: 'utf8',
    maxBuffer: 1 << 26,
    stdio: ['ignore', 'pipe', 'pipe'],
  })

/** What the compiler says of the calls against these types, which lie in memory only. */
function faults(types: string): string[] {
  const options: ts.CompilerOptions = {
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: true,
    noEmit: true,
    target: ts.ScriptTarget.ES2024,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    types: ['node'],
  }
  const host = ts.createCompilerHost(options)
  const { fileExists, readFile, getSourceFile } = host
  host.fileExists = (file) => file === TYPES || fileExists.call(host, file)
  host.readFile = (file) => (file === TYPES ? types : readFile.call(host, file))
  host.getSourceFile = (file, ...rest) =>
    file === TYPES ? ts.createSourceFile(file, types, ts.ScriptTarget.ES2024) : getSourceFile.call(host, file, ...rest)
  const found = ts.getPreEmitDiagnostics(ts.createProgram([CALLS], options, host))
  return found.map(({ file, start, messageText }) => {
    const line = file === undefined ? 0 : file.getLineAndCharacterOfPosition(start!).line + 1
    return `${line}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`
  })
}

describe('the OpenAPI document, for a user who generates types from it', () => {
  it('describes every operation so that a call of it compiles', () => {
    expect(faults(generated())).toEqual([])
  })

  it('is called whole', () => {
    const { paths } = JSON.parse(readFileSync(DOCUMENT, 'utf8')) as { paths: Record<string, object> }
    const described = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    )
    const calls = readFileSync(CALLS, 'utf8').matchAll(/client\.([A-Z]+)\(\s*'([^']+)'/g)
    expect([...new Set([...calls].map(([, method, path]) => `${method} ${path}`))].sort()).toEqual(described.sort())
  })
})
