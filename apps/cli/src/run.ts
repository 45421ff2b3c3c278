import { createProgram, type ProgramOptions } from './program'
import { exitWith } from './exit'

/** Runs the command of the process's arguments, and ends the process with its exit code. */
export function runCommandLine(options?: ProgramOptions): void {
  // The channel to the launcher only signals its death: it must not keep a command alive.
  process.channel?.unref()
  process.on('disconnect', () => process.exit(1))
  // `quorate list | head`: the reader closed the pipe.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))

  createProgram(options)
    .parseAsync()
    .catch((error: unknown) => exitWith(error))
}
