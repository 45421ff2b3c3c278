import type { ConfigError } from '@quorate/config'
import { ProblemError, UnreachableError } from '@quorate/client'
import { steerless } from './text'

/** Exit codes of the CLI, as `--help` lists them. */
export const EXIT = { done: 0, refused: 1, usage: 2, unreachable: 3, notFound: 4 } as const

const LOCKED =
  'The embedded log can only be opened by one process at a time: stop the server that uses it, and try again.'

/** Invalid input on the command line; shown without a stack. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

interface Explained {
  readonly text: string
  readonly code: number
}

/** The message, what to do, and the exit code. */
export function explain(error: unknown): Explained {
  const { text, code } = judged(error)
  return { text: steerless(text, false), code }
}

function judged(error: unknown): Explained {
  if (error instanceof UnreachableError) return { text: unreachable(error), code: EXIT.unreachable }
  if (error instanceof ProblemError)
    return { text: problem(error), code: error.code === 'not-found' ? EXIT.notFound : EXIT.refused }
  // By name, so that the class need not be loaded: a caller that throws it has already loaded it.
  if (error instanceof Error && error.name === 'ConfigError')
    return { text: (error as ConfigError).faults.join('\n'), code: EXIT.usage }
  if (error instanceof UsageError || error instanceof RangeError) return { text: error.message, code: EXIT.usage }
  if (error instanceof Error && (error as { code?: unknown }).code === 'LOG_LOCKED')
    return { text: `${error.message} ${LOCKED}`, code: EXIT.refused }
  // Errors with a code were expected where they were thrown. The others are bugs and need their stack.
  if (error instanceof Error && 'code' in error)
    return { text: error.message, code: error.code === 'not-found' ? EXIT.notFound : EXIT.refused }
  if (error instanceof Error) return { text: error.stack ?? error.message, code: EXIT.refused }
  return { text: String(error), code: EXIT.refused }
}

export function exitWith(error: unknown): never {
  const { text, code } = explain(error)
  process.stderr.write(`${text}\n`)
  process.exit(code)
}

function unreachable({ url, reason }: UnreachableError): string {
  const how =
    reason === 'ECONNREFUSED'
      ? 'Nothing listens there. Start a server with `npm start`, or name another with --url or QUORATE_URL.'
      : 'Check the address (--url, QUORATE_URL) and whether the server is running. `npm start` starts one.'
  return `No response from ${url} (${reason}). ${how}`
}

function problem({ status, code, title, detail, errors, retryAfterMs, etag }: ProblemError): string {
  const lines = [detail || title, ...errors.map((it) => `  ${it.pointer || '(the whole)'}: ${it.detail}`)]
  if (code === 'unauthenticated') lines.push('Set QUORATE_API_KEY, or QUORATE_API_KEY_FILE.')
  if (code === 'precondition-failed' && etag)
    lines.push(`The current etag is ${etag}: look at it with \`get\`, then repeat.`)
  if (retryAfterMs !== undefined) lines.push(`Try again in ${Math.ceil(retryAfterMs / 1000)} s.`)
  lines.push(`(${status} ${code})`)
  return lines.join('\n')
}
