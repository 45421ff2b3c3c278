import { SECRET_PREFIX } from '@quorate/config'
import { isAbsolute, join, normalize, sep } from 'node:path'
import type { Reference } from './secrets'

/**
 * Which files and variables references may name. Anyone who may write the configuration can read what an endpoint is
 * sent. Without a scope, that is every file and variable of the process.
 */
export class SecretScope {
  private readonly variables: ReadonlySet<string>

  constructor(
    /** Files are named below it. */
    readonly directory: string,
    variables: readonly string[],
  ) {
    this.variables = new Set(variables)
  }

  /**
   * Why a reference, as it is written, is refused; undefined: it is within the scope. Links are seen when the file is
   * read.
   */
  refusal({ whole, kind, name }: Reference): string | undefined {
    if (kind === 'env') {
      const allowed =
        this.variables.has(name) || (name.startsWith(SECRET_PREFIX) && name !== 'QUORATE_SECRET_VARIABLES')
      return allowed
        ? undefined
        : `${whole} is not allowed: begin the variable's name with ${SECRET_PREFIX}, or list it in QUORATE_SECRET_VARIABLES`
    }
    const path = this.pathOf(name)
    return path.startsWith(withSeparator(normalize(this.directory))) && !path.includes('\0')
      ? undefined
      : this.outside(whole)
  }

  /** Of a file; a relative name is below the directory. */
  pathOf(name: string): string {
    return normalize(isAbsolute(name) ? name : join(this.directory, name))
  }

  outside(whole: string): string {
    return `${whole} is not allowed: secrets are files below ${this.directory} (QUORATE_SECRETS_DIR), which links must not leave`
  }
}

export const withSeparator = (path: string): string => (path.endsWith(sep) ? path : `${path}${sep}`)
