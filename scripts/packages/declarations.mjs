// Type declarations of the packages' entries and of all that they reach, in one run of the compiler.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { ROOT } from '../sources.mjs'

export const DECLARATIONS = join(ROOT, '.cache', 'declarations')

/** Emits them below DECLARATIONS. @throws Error with what the compiler says */
export function emitDeclarations(entries) {
  const config = ts.getParsedCommandLineOfConfigFile(join(ROOT, 'tsconfig.build.json'), {}, host())
  // Declarations of modules that have none of their own (kafkajs-internals.d.ts) belong to the program, too.
  const ambient = config.fileNames.filter((file) => file.endsWith('.d.ts'))
  const program = ts.createProgram([...entries, ...ambient], {
    ...config.options,
    // Where the compiler writes a type that it inferred, it must not name it by a package: that would tie packages to
    // each other.
    paths: Object.fromEntries(Object.entries(config.options.paths).filter(([, [file]]) => !file.includes('packages/'))),
    sourceMap: false,
    incremental: false,
    tsBuildInfoFile: undefined,
    declaration: true,
    emitDeclarationOnly: true,
    outDir: DECLARATIONS,
  })
  const { diagnostics } = program.emit()
  const faults = [...ts.getPreEmitDiagnostics(program), ...diagnostics]
  if (faults.length > 0) throw new Error(ts.formatDiagnostics(faults, formatHost))
}

const formatHost = {
  getCanonicalFileName: (name) => name,
  getCurrentDirectory: () => ROOT,
  getNewLine: () => '\n',
}

const host = () => ({
  ...ts.sys,
  getCurrentDirectory: () => ROOT,
  onUnRecoverableConfigFileDiagnostic: (fault) => {
    throw new Error(ts.formatDiagnostic(fault, formatHost))
  },
})

/** The file of declarations that an alias of tsconfig.json names; undefined for all else. */
export function aliases() {
  const { paths } = JSON.parse(readFileSync(join(ROOT, 'tsconfig.json'), 'utf8')).compilerOptions
  return (name) => paths[name] && join(DECLARATIONS, paths[name][0].replace(/\.ts$/, '.d.ts'))
}
