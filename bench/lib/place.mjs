// Where a run happens: a fresh prefix on the peer's broker, or a fresh folder for the embedded log. Topics are made by
// the product's own topology.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { built, openLog } from './aggregator.mjs'
import { BROKERS } from './peer.mjs'
import { LASTING_POLICY, PARTITIONS, reports } from './workload.mjs'

/** Records a call of append takes. */
const CHUNK = 10_000

export function newPlace(kind) {
  const dir = mkdtempSync(join(tmpdir(), 'quorate-bench-'))
  const prefix = `bench-${process.pid}-${Date.now()}`
  const { aggregatorTopology } = built('libs/engine/src/topology.js')
  const topology = aggregatorTopology({ prefix, applicationId: 'aggregator', partitions: PARTITIONS })
  const env =
    kind === 'kafka'
      ? { KAFKA_BROKERS: BROKERS, QUORATE_REPLICATION: '1', QUORATE_TOPIC_PREFIX: prefix, QUORATE_DATA_DIR: dir }
      : { QUORATE_TOPIC_PREFIX: prefix, QUORATE_DATA_DIR: dir }
  return {
    kind,
    dir,
    prefix,
    topology,
    env: { ...env, QUORATE_PARTITIONS: String(PARTITIONS) },
    brokers: BROKERS,
    open: () => openLog(kind, { dir: join(dir, 'log'), brokers: BROKERS }),
    remove: () => rmSync(dir, { recursive: true, force: true }),
  }
}

/** Topics, and the policy that lets nothing expire. */
export async function fillTopics(log, place) {
  await log.ensureTopics(place.topology.topics, { replication: 1 })
  const { encodeSource } = built('libs/contracts/src/index.js')
  const topic = place.topology.source
  const policy = encodeSource({ type: 'policy-set', data: LASTING_POLICY })
  await log.append(Array.from({ length: PARTITIONS }, (_, partition) => ({ topic, partition, ...policy })))
}

/** The same, and the whole workload. */
export async function fill(log, place, workload) {
  await fillTopics(log, place)
  const topic = place.topology.source
  let records = []
  for (const report of reports(workload)) {
    records.push({ topic, ...report })
    if (records.length < CHUNK) continue
    await log.append(records)
    records = []
  }
  if (records.length) await log.append(records)
}
