import type { Streams } from '@quorate/streams'
import { Gauge, type Registry } from 'prom-client'
import type { HealthCheck } from './health'

/** What health depends on in a streams application. */
export const streamsCheck = (name: string, streams: Streams): HealthCheck => ({
  name,
  live: () => streams.live,
  ready: () => streams.ready,
  details: () => ({
    partitions: streams.tasks().map(({ partition, state, position, lag, restore }) => ({
      partition,
      state,
      position,
      lag,
      restored: restore.restored,
      total: restore.total,
    })),
  }),
})

/** Gauges of the tasks, read when they are asked for. */
export function streamsMetrics(streams: Streams, registry: Registry): void {
  const labelNames = ['partition']
  const each = (name: string, help: string, value: (task: ReturnType<Streams['tasks']>[number]) => number) =>
    new Gauge({
      name,
      help,
      labelNames,
      registers: [registry],
      collect() {
        this.reset()
        for (const task of streams.tasks()) this.set({ partition: String(task.partition) }, value(task))
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
  each('quorate_task_restored', 'Changelog positions read since the restore began.', (task) => task.restore.restored)
  each('quorate_task_restore_total', 'Changelog positions to read in this restore.', (task) => task.restore.total)
}
