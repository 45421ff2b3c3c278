import type { LoggerService } from '@nestjs/common'
import pino, { type Logger as PinoLogger } from 'pino'
import pretty from 'pino-pretty'

/**
 * Headers and fields that must never be written, wherever an object brings them along. Values of type `Secret` never
 * print anyway.
 */
const REDACTED = [
  'authorization',
  'cookie',
  'password',
  'secret',
  'apiKey',
  'token',
  '["x-api-key"]',
  '["quorate-signature"]',
]

export interface LoggerOptions {
  readonly level: string
  readonly app: string
}

/** pino to stderr: lines of JSON, readable text on a terminal. stdout belongs to what the application says. */
export function createLogger({ level, app }: LoggerOptions): PinoLogger {
  const options = {
    level,
    base: { app },
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: {
      paths: REDACTED.flatMap((path) => [
        path,
        `*${path.startsWith('[') ? '' : '.'}${path}`,
        `*.headers${path.startsWith('[') ? '' : '.'}${path}`,
      ]),
      censor: '[secret]',
    },
  }
  if (process.stderr.isTTY)
    return pino(
      options,
      pretty({
        destination: 2,
        sync: true,
        ignore: 'pid,hostname,app',
        messageFormat: '{app}: {msg}',
        singleLine: true,
        translateTime: 'SYS:HH:MM:ss.l',
      }),
    )
  return pino(options, pino.destination({ dest: 2, sync: true }))
}

/** Nest's own lines, by pino. What Nest says at its start is of interest only to who debugs it. */
export function nestLogger(logger: PinoLogger): LoggerService {
  const contextOf = (rest: unknown[]) => ({ context: rest.at(-1) })
  return {
    log: (message: unknown, ...rest: unknown[]) => logger.debug(contextOf(rest), String(message)),
    error: (message: unknown, ...rest: unknown[]) =>
      // That it cannot listen is thrown as well, and told by whoever started it.
      logger[/^Error: listen E/.test(String(message)) ? 'debug' : 'error'](
        { ...contextOf(rest), ...(message instanceof Error ? { err: message } : {}) },
        message instanceof Error ? message.message : String(message),
      ),
    warn: (message: unknown, ...rest: unknown[]) => logger.warn(contextOf(rest), String(message)),
    debug: (message: unknown, ...rest: unknown[]) => logger.trace(contextOf(rest), String(message)),
    verbose: (message: unknown, ...rest: unknown[]) => logger.trace(contextOf(rest), String(message)),
  }
}
