import type { Writable } from 'node:stream'
import { changelogKey } from '@quorate/state-store'
import { topicNames } from '@quorate/contracts'
import type { Log } from '@quorate/log'
import { inconsistencies } from '../../../notifier/src/rows/checker'
import { notifierTopology } from '../../../notifier/src/topology'
import { stretches } from '../simulate/source-topic'
import { printable } from '../text'
import { AUDIT_EXIT } from './audit'
import { restoredRows } from './restored-rows'

export interface NotifierAuditOptions {
  readonly log: Log
  readonly prefix: string
  /** Application id of the notifier. */
  readonly applicationId: string
  readonly output: Writable
  readonly json?: boolean
}

interface Found {
  readonly partition: number
  readonly table: string
  readonly key: string
  readonly what: string
  /** Offset of the row in the changelog. */
  readonly offset: number | undefined
}

/**
 * Checks whether the rows of a notifier's changelog are consistent. Does not judge whom it should have notified,
 * because that depends on receivers and on the clock. Prints nothing if there is no such notifier.
 */
export async function runNotifierAudit(options: NotifierAuditOptions): Promise<number> {
  const { log, prefix, applicationId, output, json = false } = options
  const changelog = topicNames(prefix).changelog(applicationId)
  if ((await log.describeTopic(changelog)) === undefined) return AUDIT_EXIT.same
  const found: Found[] = []
  let rows = 0
  const parts = await stretches(log, changelog)
  const { tables, schemaVersion } = notifierTopology({ prefix, applicationId, partitions: parts.length })
  // Without due times: an invalid row has none.
  const names = tables.map(({ name }) => ({ name }))
  for (const stretch of parts) {
    const { store, offsets } = await restoredRows(log, stretch, names, schemaVersion)
    try {
      for (const { name } of names) for (const _ of store.committed(name).range()) rows++
      for (const it of inconsistencies((name) => store.committed(name)))
        found.push({ partition: stretch.partition, ...it, offset: offsets.get(changelogKey(it.table, it.key)) })
    } finally {
      store.close()
    }
  }
  const [first] = found
  if (json) {
    const said =
      first === undefined
        ? { audit: 'same', of: applicationId, partitions: parts.length, rows }
        : { audit: 'different', of: applicationId, first, more: found.length - 1 }
    output.write(`${JSON.stringify(said)}\n`)
  } else
    output.write(
      first === undefined
        ? sameText(applicationId, parts.length, rows)
        : foundText(applicationId, first, found.length - 1),
    )
  return first === undefined ? AUDIT_EXIT.same : AUDIT_EXIT.different
}

const sameText = (id: string, partitions: number, rows: number): string =>
  `SAME  ${id}: ${partitions} partitions, ${rows} rows of its changelog are consistent.\n`

function foundText(id: string, { partition, table, key, what, offset }: Found, more: number): string {
  const at = offset === undefined ? '' : ` (changelog offset ${offset})`
  const rest = more === 0 ? '' : `and ${more} more\n`
  return `DIFFERENT  ${id}: partition ${partition}, ${printable(`${table}/${key}`)}: ${printable(what)}${at}\n${rest}`
}
