import type { Condition, RunningTask, Streams } from '@quorate/streams'
import { Counter, Gauge, type Registry } from 'prom-client'
import { conditionReports } from './condition-reports'
import type { HealthCheck } from '@quorate/http'
import { OwnershipLease } from './ownership-lease'

/** What lies with the log, and not with this instance: a restart does not help. */
const isOfLog = ({ code }: Condition): boolean => code === 'LOG_UNAVAILABLE'

/**
 * What health depends on in a streams application: its tasks, and the log, apart. Readiness does not depend on the log:
 * while it is away, reads are still answered.
 */
export function streamsChecks(name: string, streams: Streams): HealthCheck[] {
  const { conditions } = streams
  const log: HealthCheck = {
    name: 'log',
    live: () => streams.live || !conditions.blocks('live', (condition) => !isOfLog(condition)),
    ready: () => true,
    details: () => ({ app: name }),
  }
  return [tasksCheck(name, streams), log]
}

function tasksCheck(name: string, streams: Streams): HealthCheck {
  const lease = new OwnershipLease(streams)
  return {
    name,
    live: () => streams.live || !streams.conditions.blocks('live', isOfLog),
    ready: () => streams.ready,
    details: () => ({
      // ms since the group last confirmed what it owns; 0 while it does.
      unheard: lease.lapsedFor,
      conditions: conditionReports(streams.conditions),
      partitions: streams.tasks().map(({ partition, state, position, lag, restore, restarts }) => ({
        partition,
        state,
        position,
        lag,
        restarts,
        restored: restore.restored,
        total: restore.total,
        percent: percentOf(restore),
      })),
      standbys: streams.standbys().map(({ partition, readable, position, lag, restore }) => ({
        partition,
        readable,
        position,
        ...(readable ? { lag } : { restored: restore.restored, total: restore.total, percent: percentOf(restore) }),
      })),
    }),
  }
}

const percentOf = ({ restored, total }: RunningTask['restore']): number =>
  total === 0 ? 100 : Math.floor((restored * 100) / total)

/** Gauges of the tasks, read when they are asked for. */
export function streamsMetrics(streams: Streams, registry: Registry): void {
  const labelNames = ['partition']
  const each = (
    name: string,
    help: string,
    value: (task: RunningTask) => number,
    tasks: () => readonly RunningTask[] = () => streams.tasks(),
  ) =>
    new Gauge({
      name,
      help,
      labelNames,
      registers: [registry],
      collect() {
        this.reset()
        for (const task of tasks()) this.set({ partition: String(task.partition) }, value(task))
      },
    })
  each('quorate_task_running', '1 when the partition is restored and running here, else 0.', (task) =>
    task.state === 'running' ? 1 : 0,
  )
  each('quorate_task_position', 'Next source offset to be applied.', (task) => task.position)
  each('quorate_task_lag', 'Records between the position and the end of the source.', (task) => task.lag)
  each(
    'quorate_task_time_seconds',
    'The time of the partition: the largest append time applied.',
    (task) => task.time / 1000,
  )
  each(
    'quorate_task_time_ahead_seconds',
    "How far the time of the partition is ahead of this host's clock; 0 where it is not.",
    (task) => Math.max(0, task.time - Date.now()) / 1000,
  )
  each('quorate_task_restored', 'Changelog positions read since the restore began.', (task) => task.restore.restored)
  each('quorate_task_restore_size', 'Changelog positions to read in this restore.', (task) => task.restore.total)

  new Counter({
    name: 'quorate_task_restarts_total',
    help: 'Times that the task of a partition has failed and restarted in this process.',
    labelNames,
    registers: [registry],
    collect() {
      this.reset()
      for (const { partition, restarts } of streams.tasks()) this.inc({ partition: String(partition) }, restarts)
    },
  })
  new Gauge({
    name: 'quorate_condition',
    help: 'Active conditions, by code (docs/errors.md): how many of that code. Absent when none is active.',
    labelNames: ['code', 'partition'],
    registers: [registry],
    collect() {
      this.reset()
      for (const { code, partition } of streams.conditions.all())
        this.inc({ code, partition: partition === undefined ? '' : String(partition) })
    },
  })

  const standbys = () => streams.standbys()
  each(
    'quorate_standby_readable',
    '1 when this instance could take the partition over without a restore, else 0.',
    ({ readable }) => (readable ? 1 : 0),
    standbys,
  )
  each(
    'quorate_standby_lag',
    'Records between the position of the standby and the end of the source; -1 before it has caught up.',
    ({ readable, lag }) => (readable ? lag : -1),
    standbys,
  )
}
