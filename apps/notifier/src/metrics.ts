import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { Courier } from './courier/courier'
import type { NotifierEvents } from './notifier'

/** The notifier's counters, in Prometheus's words. */
export function notifierMetrics(registry: Registry): NotifierEvents {
  const registers = [registry]
  const counter = <L extends string>(name: string, help: string, ...labelNames: L[]) =>
    new Counter({ name, help, labelNames, registers })
  const decisions = counter(
    'quorate_notifier_decisions_total',
    'Decisions about one change and one receiver, by reason.',
    'decision',
    'reason',
  )
  const seen = counter('quorate_notifier_inbox_hits_total', 'Events that had been processed before.')
  const missed = counter('quorate_notifier_missed_revisions_total', 'Revisions that the sink no longer had.')
  const poison = counter('quorate_notifier_dead_letters_total', 'Records of the sink that could not be read.')
  const observers = counter(
    'quorate_notifier_observers_records_total',
    'Records about observers. Nobody is notified of them.',
  )
  const attempts = new Histogram({
    name: 'quorate_notifier_attempt_seconds',
    help: 'Attempts to send deliveries, by endpoint and outcome.',
    labelNames: ['endpoint', 'outcome'],
    buckets: [0.01, 0.05, 0.1, 0.5, 1, 5, 15],
    registers,
  })
  return {
    decided: (decision, reason) => decisions.inc({ decision, reason }),
    seenBefore: () => seen.inc(),
    missedRevisions: (count) => missed.inc(count),
    poison: () => poison.inc(),
    notOfAnObject: () => observers.inc(),
    attempted: (endpoint, outcome, seconds) => attempts.observe({ endpoint, outcome }, seconds),
  }
}

/** What waits, read when it is asked for. */
export function courierMetrics(courier: Courier, registry: Registry): void {
  const gauge = (name: string, help: string, value: (status: ReturnType<Courier['status']>[number]) => number) =>
    new Gauge({
      name,
      help,
      labelNames: ['endpoint'],
      registers: [registry],
      collect() {
        for (const status of courier.status()) this.set({ endpoint: status.name }, value(status))
      },
    })
  gauge(
    'quorate_notifier_waiting',
    'Objects with something to send, by endpoint; at most the window of the courier.',
    (status) => status.waiting,
  )
  gauge(
    'quorate_notifier_outbox_depth',
    'Deliveries that wait or are in flight, by endpoint.',
    (status) => status.depth,
  )
  gauge(
    'quorate_notifier_outbox_oldest_seconds',
    'Age of the oldest delivery that waits or is in flight, of those in memory, by endpoint; 0 without any.',
    (status) => (status.oldest === null ? 0 : Math.max(0, Date.now() - status.oldest) / 1000),
  )
  gauge('quorate_notifier_circuit_open', '1 while only probes are sent to the endpoint.', (status) =>
    status.circuit === 'open' ? 1 : 0,
  )
  gauge('quorate_notifier_endpoint_disabled', '1 when nothing is sent to the endpoint any more.', (status) =>
    status.refusal === null ? 0 : 1,
  )
}
