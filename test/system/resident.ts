import { readFileSync } from 'node:fs'

/** Resident MiB of a process; undefined if it is gone. */
export function residentOf(pid: number): number | undefined {
  try {
    const said = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    return said === undefined ? undefined : Number(said) / 1024
  } catch {
    return undefined
  }
}
