// The peer's input (peer/GENERATOR.md), as records for our source topic.
import { createHash } from 'node:crypto'
import { generate, partition } from '../peer/gen.mjs'

export const PARTITIONS = 8

export const WORKLOADS = {
  w1: {
    seed: 1,
    reports: 1_000_000,
    objects: 15_000,
    agents: 5,
    once: false,
    sha256: '52e48a0f77592645d160fb0c5c27d9db9d64dd1c9f75a53383bab3b8c8703f5c',
  },
  w2: {
    seed: 2,
    reports: 1_000_000,
    objects: 200_000,
    agents: 5,
    once: true,
    sha256: 'e428c027efbc82e2632158e13ce4bb5ac30810239cbfe26125ae5a5b649bd452',
  },
  w3: { seed: 3, reports: 80_000, objects: 1_000, agents: 5, once: false },
  w1x5: { seed: 1, reports: 5_000_000, objects: 15_000, agents: 5, once: false },
}

/** The peer has no expiry: a policy under which nothing expires while we measure. */
export const LASTING_POLICY = { name: 'bench', match: '**', ttl: 604_800, memory: 604_800, unknownAfter: 604_800 }

export function* reports(workload) {
  for (const { key, value } of generate(WORKLOADS[workload]))
    yield { key, value, partition: partition(key, PARTITIONS) }
}

/** GENERATOR.md's checksum: of the sorted lines. Throws when the input is not the peer's. */
export function check(workload) {
  const { sha256 } = WORKLOADS[workload]
  if (!sha256) return
  const lines = []
  for (const { partition: p, key, value } of reports(workload)) lines.push(`${p}\t${key}\t${value}\n`)
  const hash = createHash('sha256')
  // ASCII: JavaScript's order is that of the bytes.
  for (const line of lines.sort()) hash.update(line)
  const found = hash.digest('hex')
  if (found !== sha256) throw new Error(`${workload} is not the peer's input: sha256 ${found}, not ${sha256}`)
}
