import type { RunningTask } from '@quorate/streams'
import type { Outcome } from '../channels/channel'
import { laneOf, objectOfLane, within } from '../rows/keys'
import type { OutboxRow } from '../rows/rows'
import type { Tables } from '../rows/tables'
import type { CourierEndpoint } from './endpoint'

interface Settled {
  readonly row: OutboxRow
  readonly outcome: Outcome
  /** Its sender says things again. */
  readonly stands?: boolean
}

/**
 * Writes what an endpoint must be told again and again of an object, or that nothing stands any more. Part of the
 * outcome's commit.
 */
export function writeActiveAlert(tables: Tables, { row, outcome, stands }: Settled): void {
  if (!stands || outcome.kind === 'retry' || row.message.kind !== 'change') return
  const table = tables.table('standing')
  const key = laneOf(row.endpoint, row.message.object)
  const standing = outcome.kind === 'delivered' ? outcome.activeAlert : undefined
  if (standing !== undefined) table.put(key, Buffer.from(standing))
  else if (table.get(key)) table.delete(key)
}

/** A task runs here: its endpoints that say things again are told what stands of its objects. */
export function restoreActiveAlerts(endpoints: Iterable<CourierEndpoint>, task: RunningTask): void {
  for (const { name, sender } of endpoints) {
    if (!sender.activeAlerts) continue
    sender.activeAlerts.drop(task.partition)
    for (const { key, value } of task.table('standing').range(within(name)))
      sender.activeAlerts.put(task.partition, objectOfLane(key), value.toString('utf8'))
  }
}

/** Its outcome is committed. */
export function announceActiveAlert(endpoint: CourierEndpoint | undefined, partition: number, settled: Settled): void {
  const { outcome, row } = settled
  if (!endpoint?.sender.activeAlerts || outcome.kind === 'retry' || row.message.kind !== 'change') return
  const standing = outcome.kind === 'delivered' ? outcome.activeAlert : undefined
  endpoint.sender.activeAlerts.put(partition, row.message.object, standing)
}
