import { pointer } from '@quorate/contracts'

/** A reference leads nowhere, or where it may not. The message names the reference, never a value. */
export class SecretError extends Error {
  override readonly name = 'SecretError'
}

/** `${env:NAME}` or `${file:path}`. */
export interface Reference {
  readonly whole: string
  readonly kind: 'env' | 'file'
  /** Of the variable or file. */
  readonly name: string
}

const REFERENCE = /\$\{([^}]*)\}/g
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/

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

/** The references in the settings of an endpoint, each with its place. Templates have none: `${` is text there. */
export function* referencesIn(value: unknown, at = ''): Iterable<{ pointer: string; reference: Reference }> {
  if (typeof value === 'string') {
    for (const reference of referencesOf(value)) yield { pointer: at, reference }
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, one] of Object.entries(value))
      if (at !== '' || name !== 'template') yield* referencesIn(one, `${at}${pointer(name)}`)
  }
}

function* referencesOf(text: string): Iterable<Reference> {
  if (faultOf(text) !== undefined) return
  for (const [whole, inside = ''] of text.matchAll(REFERENCE)) {
    const [kind, name] = parts(inside)
    yield { whole, kind: kind as Reference['kind'], name }
  }
}

/** What references stand for, read beforehand: it must not be kept in the settings, returned or logged. */
export class Secrets {
  constructor(private readonly values: ReadonlyMap<string, string | SecretError> = new Map()) {}

  /**
   * The text with what its references stand for.
   * @throws SecretError
   */
  reveal(text: string): string {
    if (!hasReference(text)) return text
    const fault = faultOf(text)
    if (fault !== undefined) throw new SecretError(fault)
    return text.replaceAll(REFERENCE, (whole) => this.value(whole))
  }

  private value(reference: string): string {
    const value = this.values.get(reference) ?? new SecretError(`${reference} has not been read`)
    if (typeof value !== 'string') throw value
    return value
  }
}

function parts(inside: string): [kind: string, name: string] {
  const colon = inside.indexOf(':')
  return colon < 0 ? [inside, ''] : [inside.slice(0, colon), inside.slice(colon + 1)]
}
