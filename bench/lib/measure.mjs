// CPU and memory of processes, as the peer measures them: user + system time of /proc/PID/stat.
import { readFileSync } from 'node:fs'

const TICK_MS = 10

export function cpuMs(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS
}

export function peakMb(pid) {
  return Math.round(Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024)
}

export const snapshot = (pid, broker) => ({
  at: performance.now(),
  cpu: cpuMs(pid),
  broker: broker ? cpuMs(broker) : 0,
})

export function between(a, b, reports) {
  const seconds = (b.at - a.at) / 1000
  return {
    reportsPerS: Math.round(reports / seconds),
    cpuUsPerReport: round(((b.cpu - a.cpu) * 1000) / reports),
    brokerCpuUsPerReport: round(((b.broker - a.broker) * 1000) / reports),
  }
}

export const round = (value, digits = 2) => Number(value.toFixed(digits))

export function quantile(sorted, q) {
  return sorted[Math.min(sorted.length - 1, Math.ceil(q * sorted.length) - 1)]
}

export const load = () => Number(readFileSync('/proc/loadavg', 'utf8').split(' ')[0])
