import type { Logger } from '../src'

interface Outage {
  readonly since: number
  toldAt: number
  intervalMs: number
}

/** ms between the first two lines about one broker, doubled up to the longest. */
const FIRST = 10_000
const LONGEST = 600_000

/**
 * Which brokers cannot be reached. Every purpose has connections of its own and tries again twice a second: the log has
 * one line when a broker is gone, at growing intervals while it is, and when it is back.
 */
export class Reachability {
  private readonly outages = new Map<string, Outage>()

  constructor(private readonly logger: Logger) {}

  lost(broker: string, reason: string): void {
    const now = performance.now()
    const outage = this.outages.get(broker)
    if (outage && now - outage.toldAt < outage.intervalMs) return
    if (!outage) this.outages.set(broker, { since: now, toldAt: now, intervalMs: FIRST })
    else Object.assign(outage, { toldAt: now, intervalMs: Math.min(2 * outage.intervalMs, LONGEST) })
    const since = outage ? { forMs: Math.round(now - outage.since) } : {}
    this.logger.warn({ broker, reason, ...since }, 'a broker cannot be reached; trying again')
  }

  found(broker: string): void {
    const outage = this.outages.get(broker)
    if (!outage) return
    this.outages.delete(broker)
    this.logger.info({ broker, afterMs: Math.round(performance.now() - outage.since) }, 'the broker is reached again')
  }
}
