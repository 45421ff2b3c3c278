import { readFileSync } from 'node:fs'

/** Where references lead; the process's own variables and files where it is not given. */
export interface SecretSources {
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Reads a file as UTF-8; throws when it cannot. */
  readonly readFile?: (path: string) => string
}

/** A reference leads nowhere. The message names the reference, never a value. */
export class SecretError extends Error {
  override readonly name = 'SecretError'
}

const REFERENCE = /\$\{([^}]*)\}/g
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/
const MOST = 64 * 1024

/** Whether the whole text is one reference (`${env:NAME}`, `${file:path}`): what settings that are secrets must be. */
export const isReference = (text: string): boolean =>
  /^\$\{(env|file):[^}]+\}$/.test(text) && faultOf(text) === undefined

/** Whether there is a reference in the text. */
export const hasReference = (text: string): boolean => text.includes('${')

/** What is wrong with the references in a text, as they are written; undefined: nothing. */
export function faultOf(text: string): string | undefined {
  for (const [whole, inside = ''] of text.matchAll(REFERENCE)) {
    const [kind, name] = parts(inside)
    if (kind === 'env' && !VARIABLE.test(name)) return `${whole} must name a variable: \${env:NAME}`
    if (kind === 'file' && name === '') return `${whole} must name a file: \${file:/path}`
    if (kind !== 'env' && kind !== 'file') return `${whole} must be \${env:NAME} or \${file:path}`
  }
  return text.replaceAll(REFERENCE, '').includes('${') ? 'a reference opens with ${ and is not closed' : undefined
}

/**
 * The text with what its references stand for. Called when an endpoint is opened, and nowhere else: what it answers must not be kept in
 * the settings, answered or logged.
 * @throws SecretError
 */
export function reveal(text: string, sources: SecretSources = {}): string {
  if (!hasReference(text)) return text
  const fault = faultOf(text)
  if (fault !== undefined) throw new SecretError(fault)
  return text.replaceAll(REFERENCE, (whole, inside: string) => valueOf(whole, ...parts(inside), sources))
}

function parts(inside: string): [kind: string, name: string] {
  const colon = inside.indexOf(':')
  return colon < 0 ? [inside, ''] : [inside.slice(0, colon), inside.slice(colon + 1)]
}

function valueOf(reference: string, kind: string, name: string, sources: SecretSources): string {
  const { env = process.env, readFile = (path) => readFileSync(path, 'utf8') } = sources
  const value = kind === 'env' ? env[name] : contentOf(reference, name, readFile)
  if (value === undefined || value === '') throw new SecretError(`${reference} is not set here`)
  if (value.length > MOST) throw new SecretError(`${reference} is longer than ${MOST} characters`)
  return value
}

/** Editors end files with a line break, which is no part of a password. */
function contentOf(reference: string, path: string, readFile: (path: string) => string): string {
  try {
    return readFile(path).replace(/\r?\n$/, '')
  } catch (error) {
    throw new SecretError(`${reference} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unreadable'})`)
  }
}
