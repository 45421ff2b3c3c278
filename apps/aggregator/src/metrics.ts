import { Counter, Gauge, type Registry } from 'prom-client'
import type { Counters, RuleTrouble } from '@quorate/engine/core'

/** The processor's counters, in Prometheus's words, read when they are asked for. */
export function voteMetrics(counters: Counters, registry: Registry): void {
  const each = (name: string, help: string, label: string, read: () => Readonly<Record<string, number>>) =>
    new Counter({
      name,
      help,
      labelNames: [label],
      registers: [registry],
      collect() {
        this.reset()
        for (const [value, count] of Object.entries(read())) this.inc({ [label]: value }, count)
      },
    })
  const one = (name: string, help: string, read: () => number) =>
    new Counter({
      name,
      help,
      registers: [registry],
      collect() {
        this.reset()
        this.inc(read())
      },
    })
  each('quorate_reports_total', 'Reports, by outcome.', 'outcome', () => counters.reports)
  each(
    'quorate_commands_total',
    'Commands other than reports and ticks, by outcome.',
    'outcome',
    () => counters.commands,
  )
  each(
    'quorate_dead_letters_total',
    'Records that went to the dead letters, by kind of fault.',
    'kind',
    () => counters.deadLetters,
  )
  each('quorate_changes_total', 'Records emitted to the sink, by type.', 'type', () => counters.changes)
  one('quorate_repeats_total', 'Repeated requests that were applied already (Idempotency-Key).', () => counters.repeats)
  one('quorate_rerouted_total', "Records that arrived in another partition than their key's.", () => counters.rerouted)
  one('quorate_ticks_total', 'Ticks read.', () => counters.ticks)
  one('quorate_ticks_appended_total', 'Ticks appended.', () => counters.ticksAppended)
}

/**
 * Objects that are held because their policy's rule cannot decide; a policy in trouble without any is 0, one that is
 * not is absent.
 */
export function ruleMetrics(list: () => readonly RuleTrouble[], registry: Registry): void {
  new Gauge({
    name: 'quorate_rule_held_objects',
    help: "Objects whose last state is held because the policy's rule cannot decide, by policy and reason.",
    labelNames: ['partition', 'policy', 'reason'],
    registers: [registry],
    collect() {
      this.reset()
      for (const { partition, policy, reason, objects } of list())
        this.set({ partition: String(partition), policy, reason }, objects)
    },
  })
}
