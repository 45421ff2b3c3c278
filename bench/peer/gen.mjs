// Reference implementation of GENERATOR.md: prints partition, key, value of every report, parted by tabs.
// node gen.mjs w1|w2|w3|w1x5
const SPECS = {
  w1: { seed: 1, reports: 1_000_000, objects: 15_000, agents: 5, once: false },
  w2: { seed: 2, reports: 1_000_000, objects: 200_000, agents: 5, once: true },
  w3: { seed: 3, reports: 80_000, objects: 1_000, agents: 5, once: false },
  w1x5: { seed: 1, reports: 5_000_000, objects: 15_000, agents: 5, once: false },
}
export function* generate({ seed, reports, objects, agents, once }) {
  let x = seed
  const next = n => {
    x = (Math.imul(x, 1664525) + 1013904223) >>> 0
    return Math.floor((x * n) / 4294967296) // x * n < 2^53: exact
  }
  let order
  if (once) {
    order = Uint32Array.from({ length: objects * agents }, (_, i) => i)
    for (let i = order.length - 1; i > 0; i--) {
      const j = next(i + 1)
      const t = order[i]
      order[i] = order[j]
      order[j] = t
    }
  }
  const down = new Uint8Array(objects)
  for (let seq = 0; seq < reports; seq++) {
    let o, a
    if (once) {
      o = Math.floor(order[seq] / agents)
      a = order[seq] % agents
    } else {
      o = next(objects)
      a = next(agents)
    }
    if (next(1000) < 20) down[o] ^= 1
    yield { key: `obj-${o}`, value: `{"agent":"agent-${a}","state":"${down[o] ? 'down' : 'up'}","seq":${seq}}` }
  }
}
/** Kafka's default partitioner: murmur2 of the key bytes (ASCII here), positive, modulo. */
export function partition(key, partitions = 8) {
  const M = 0x5bd1e995
  const n = key.length
  let h = 0x9747b28c ^ n
  let i = 0
  for (; i + 4 <= n; i += 4) {
    let k = key.charCodeAt(i) | (key.charCodeAt(i + 1) << 8) | (key.charCodeAt(i + 2) << 16) | (key.charCodeAt(i + 3) << 24)
    k = Math.imul(k, M)
    k ^= k >>> 24
    h = Math.imul(h, M) ^ Math.imul(k, M)
  }
  if (n - i >= 3) h ^= key.charCodeAt(i + 2) << 16
  if (n - i >= 2) h ^= key.charCodeAt(i + 1) << 8
  if (n - i >= 1) h = Math.imul(h ^ key.charCodeAt(i), M)
  h ^= h >>> 13
  h = Math.imul(h, M)
  h ^= h >>> 15
  return (h & 0x7fffffff) % partitions
}
if (import.meta.filename === process.argv[1]) {
  let out = []
  const flush = () => { process.stdout.write(out.join('')); out = [] }
  for (const { key, value } of generate(SPECS[process.argv[2]])) {
    out.push(`${partition(key)}\t${key}\t${value}\n`)
    if (out.length === 50_000) flush()
  }
  flush()
}
