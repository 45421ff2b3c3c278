import { type AppName, type Config, ConfigError, help, loadConfig } from '@quorate/config'
import { setTimeout as delay } from 'node:timers/promises'
import type { Logger as PinoLogger } from 'pino'
import { createLogger } from './logger'

/** A started server, as tests and other processes embed it. */
export interface Running {
  readonly url: string
  close(): Promise<void>
}

export interface ServerProcess {
  readonly app: AppName
  /** First lines of `--help`. */
  readonly usage: string
  readonly start: (config: Config) => Promise<Running>
  /** Flags; those of the process by default. */
  readonly argv?: readonly string[]
}

/** ms after which a shutdown that hangs is cut off; everything durable is durable before it begins. */
const SHUTDOWN_TIMEOUT_MS = 20_000
/** ms that a start under way gets to end when it is told to stop: it may wait for brokers that are away. */
const START_TIMEOUT_MS = 500

/**
 * The life of a server process: settings, start, signals, exit code. Exits 0 after a clean stop, 1 when it cannot start
 * or stop.
 */
export async function runServer({ app, usage, start, argv = process.argv.slice(2) }: ServerProcess): Promise<void> {
  if (argv.includes('--help') || argv.includes('-h')) {
    process.stdout.write(help(app, usage))
    return
  }
  let config: Config
  try {
    config = loadConfig(app, { argv })
  } catch (error) {
    return fail(error instanceof ConfigError ? error.faults.join('\n') : startFault(app, error))
  }
  const logger = createLogger({ level: config.logLevel, app })
  for (const note of config.notes) logger.info({}, note)
  dieByFaults(logger)
  const stopped = stopAsked(logger)
  const starting = start(config)
  const outcome = await Promise.race([
    starting.then(
      (running) => ({ running }),
      (error: unknown) => ({ error }),
    ),
    stopped.then(() => ({})),
  ])
  if ('error' in outcome) {
    const { error } = outcome
    return fail(error instanceof ConfigError ? error.faults.join('\n') : startFault(app, error))
  }
  const running = 'running' in outcome ? outcome.running : await soon(starting)
  const reason = await stopped
  logger.info({ reason }, 'stopping')
  setTimeout(() => {
    fail(
      `The shutdown took longer than ${SHUTDOWN_TIMEOUT_MS / 1000} s and was cut off. Nothing that was acknowledged is lost.`,
    )
  }, SHUTDOWN_TIMEOUT_MS).unref()
  try {
    await running?.close()
  } catch (error) {
    return fail(startFault(app, error))
  }
  logger.info({ reason }, running ? 'stopped' : 'stopped before the start was done; nothing had been taken yet')
  process.exit(0)
}

/**
 * Resolves with its reason at the first signal, or when the launcher that started us is gone. Later signals change
 * nothing: a launcher passes on what the terminal sent already.
 */
function stopAsked(logger: PinoLogger): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => resolve(signal))
    // Sent to daemons it means "read your settings again"; on a terminal it means that the terminal is gone.
    process.on('SIGHUP', () => {
      if (process.stdin.isTTY || process.stderr.isTTY) resolve('SIGHUP, the terminal is gone')
      else
        logger.info(
          {},
          'SIGHUP: nothing is read again. Settings are read at the start: restart to change them; the configuration of the notifier and policies are changed by REST',
        )
    })
    if (process.env.QUORATE_LAUNCHER && process.connected)
      process.on('disconnect', () => resolve('the launcher is gone'))
  })
}

/** A fault that nothing caught: what it stood on is not known any more, and a start reads the truth. */
function dieByFaults(logger: PinoLogger): void {
  const die = (error: unknown): void => {
    logger.fatal({ err: error }, 'stopped by a fault of ours; nothing that was acknowledged is lost')
    process.exit(1)
  }
  process.on('uncaughtException', die)
  process.on('unhandledRejection', die)
}

/**
 * What a start came to, if it does so at once; otherwise it is left: nothing has been acknowledged before it is done.
 */
const soon = (starting: Promise<Running>): Promise<Running | undefined> =>
  Promise.race([starting.catch(() => undefined), delay(START_TIMEOUT_MS, undefined)])

/** One line: what happened and, where the error says it, what to do. */
function startFault(app: string, error: unknown): string {
  if (!(error instanceof Error)) return `${app}: ${String(error)}`
  const { code, address, port } = error as NodeJS.ErrnoException & { address?: string; port?: number }
  if (code === 'EADDRINUSE')
    return `${app}: ${address}:${port} is in use. Stop what listens there, or set QUORATE_PORT.`
  if (code === 'EACCES' && port !== undefined)
    return `${app}: not allowed to listen on ${address}:${port}. Set QUORATE_PORT.`
  // An error with a code is one that was foreseen; the others are faults of ours, which need their stack.
  return `${app}: ${code === undefined ? error.stack : error.message}`
}

const fail = (text: string): never => {
  process.stderr.write(`${text}\n`)
  process.exit(1)
}
