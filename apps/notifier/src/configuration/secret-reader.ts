import { constants } from 'node:fs'
import { lstat, open, realpath } from 'node:fs/promises'
import { Semaphore } from '@quorate/streams'
import { type SecretScope, withSeparator } from './secret-scope'
import { type Reference, SecretError, Secrets } from './secrets'

export interface SecretReaderOptions {
  readonly scope: SecretScope
  /** The process's own where absent. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** ms that a file may take. */
  readonly timeoutMs?: number
}

/** Bytes. */
const MOST = 64 * 1024
const TIMEOUT = 5_000
/**
 * Files read at once, by all readers of the process. A read that hangs (a dead mount) keeps one of Node's few threads
 * for files and names until it ends: the others stay free.
 */
const places = new Semaphore(2)

/**
 * Reads what references stand for: regular files of a bounded size within the scope, without blocking, and not for
 * ever.
 */
export class SecretReader {
  constructor(private readonly options: SecretReaderOptions) {}

  /** Never rejects: what cannot be read is an error when it is revealed. */
  async read(references: Iterable<Reference>): Promise<Secrets> {
    const wanted = new Map([...references].map((reference) => [reference.whole, reference]))
    const found = [...wanted.values()].map(
      async (reference) => [reference.whole, await this.value(reference).catch(secretError)] as const,
    )
    return new Secrets(new Map(await Promise.all(found)))
  }

  /**
   * Why a reference is refused, by its scope and by what it leads to; undefined: it leads to a secret, or nowhere yet.
   */
  async refusal(reference: Reference): Promise<string | undefined> {
    const refused = this.options.scope.refusal(reference)
    if (refused !== undefined || reference.kind === 'env') return refused
    try {
      await this.value(reference)
      return undefined
    } catch (error) {
      return error instanceof Refused ? error.message : undefined
    }
  }

  private async value(reference: Reference): Promise<string> {
    const { scope, env = process.env } = this.options
    const { whole, kind, name } = reference
    const refused = scope.refusal(reference)
    if (refused !== undefined) throw new Refused(refused)
    const value = kind === 'env' ? env[name] : await this.file(whole, scope.pathOf(name))
    if (value === undefined || value === '') throw new SecretError(`${whole} is not set here`)
    if (value.length > MOST) throw new Refused(`${whole} is longer than ${MOST} characters`)
    return value
  }

  private async file(whole: string, path: string): Promise<string> {
    const { scope, timeoutMs = TIMEOUT } = this.options
    const signal = AbortSignal.timeout(timeoutMs)
    const late = new Promise<never>((_, reject) =>
      signal.addEventListener('abort', () => reject(new SecretError(`${whole} cannot be read (no answer within ${timeoutMs} ms)`)), { once: true }),
    ) // prettier-ignore
    try {
      return await Promise.race([late, places.run(() => contentOf(whole, path, scope), signal)])
    } catch (error) {
      if (error instanceof SecretError) throw error
      throw new SecretError(`${whole} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unreadable'})`)
    }
  }
}

/** It will not do as it is, whatever comes. */
class Refused extends SecretError {}

function secretError(error: unknown): SecretError {
  if (error instanceof SecretError) return error
  throw error
}

async function contentOf(whole: string, path: string, scope: SecretScope): Promise<string> {
  const real = await realpath(path)
  if (!real.startsWith(withSeparator(await realpath(scope.directory)))) throw new Refused(scope.outside(whole))
  // Before it is opened: opening a device may do something, and a FIFO waits for its writer.
  if (!(await lstat(real)).isFile()) throw new Refused(`${whole} is not a regular file`)
  const file = await open(real, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW)
  try {
    if (!(await file.stat()).isFile()) throw new Refused(`${whole} is not a regular file`)
    const bytes = Buffer.alloc(MOST + 1)
    let length = 0
    for (;;) {
      const { bytesRead } = await file.read(bytes, length, bytes.length - length)
      length += bytesRead
      if (length > MOST) throw new Refused(`${whole} is longer than ${MOST} bytes`)
      // Editors end files with a line break, which is no part of a password.
      if (bytesRead === 0) return bytes.toString('utf8', 0, length).replace(/\r?\n$/, '')
    }
  } finally {
    await file.close()
  }
}
