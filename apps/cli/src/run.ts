import { createProgram, type ProgramOptions } from './program'
import { exitWith } from './exit'

/** Runs the command of the process's arguments, and ends the process with its exit code. */
export function runCommandLine(options?: ProgramOptions): void {
  // The channel to the launcher is for its death alone: a command ends when its work does.
  process.channel?.unref()
  process.on('disconnect', () => process.exit(1))
  // `quorate list | head`: who reads has seen enough.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))

  createProgram(options)
    .parseAsync()
    .catch((error: unknown) => exitWith(error))
}
