import { sqliteStores } from '../src'

/**
 * Run as a process of its own by partition-store.conformance.ts: commits as fast as it can until it is killed. Commit n
 * gives every row of both tables, the source offset and the time the number n, the changelog position n + 1, and prints
 * n.
 */
function write(file: string): void {
  const tables = [{ name: 'object' }, { name: 'plain' }]
  const store = sqliteStores.open({ file, tables, schemaVersion: 1, topicId: 'a' })
  // Each process begins at another thousand, so that its reader can count its commits.
  const first = Math.ceil((store.checkpoint?.source ?? 0) / 1_000) * 1_000
  for (let n = first; ; n++) {
    for (const { name } of tables)
      for (let key = 0; key < 200; key++) store.table(name).put(`${key}`, Buffer.from(String(n)))
    store.apply({ source: n, time: n }, n + 1)
    process.stdout.write(`${n}\n`)
  }
}

write(process.argv[2]!)
