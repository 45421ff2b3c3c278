/**
 * npm and npx that are ended by a signal do not pass it on: the shell between us ends, and we would hold the port for
 * ever.
 */
export function endWithNpm(): void {
  if (process.env.npm_command === undefined) return
  const parent = process.ppid
  setInterval(() => process.ppid !== parent && process.kill(process.pid, 'SIGTERM'), 500).unref()
}
