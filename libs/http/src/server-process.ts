import { type AppName, type Config, ConfigError, help, loadConfig } from '@quorate/config'

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
}

/** ms after which a shutdown that hangs is cut off; everything durable is durable before it begins. */
const PATIENCE = 20_000

/** The life of a server process: settings, start, signals, exit code. Exits 0 after a clean stop, 1 when it cannot start or stop. */
export async function runServer({ app, usage, start }: ServerProcess): Promise<void> {
  const argv = process.argv.slice(2)
  if (argv.includes('--help') || argv.includes('-h')) {
    process.stdout.write(help(app, usage))
    return
  }
  const stopped = stopAsked()
  let running: Running
  try {
    running = await start(loadConfig(app, { argv }))
  } catch (error) {
    say(error instanceof ConfigError ? error.faults.join('\n') : startFault(app, error))
    process.exit(1)
  }
  await stopped
  setTimeout(() => {
    say(`The shutdown took longer than ${PATIENCE / 1000} s and was cut off. Nothing that was acknowledged is lost.`)
    process.exit(1)
  }, PATIENCE).unref()
  try {
    await running.close()
  } catch (error) {
    say(startFault(app, error))
    process.exit(1)
  }
  process.exit(0)
}

/** Resolves at the first signal, or when the launcher that started us is gone. Later signals change nothing: a launcher passes on what the terminal sent already. */
function stopAsked(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => resolve())
    if (process.env.QUORATE_LAUNCHER && process.connected) process.on('disconnect', () => resolve())
  })
}

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

const say = (text: string) => process.stderr.write(`${text}\n`)
