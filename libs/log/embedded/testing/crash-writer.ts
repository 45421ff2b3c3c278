import { openEmbeddedLog } from '..'

/**
 * Run as a process of its own by crash.spec.ts: writes as fast as it can and says what was acknowledged, until it is
 * killed. Transaction n has the value n in both topics and n + 1 as source offset; `loose` is appended to beside it.
 */
async function write(dir: string): Promise<void> {
  const log = await openEmbeddedLog({ dir })
  const topic = { partitions: 1, cleanupPolicy: 'delete', timestampType: 'LogAppendTime' } as const
  await log.ensureTopics(['one', 'two', 'loose'].map((name) => ({ ...topic, name })))
  const transactor = await log.fence('writer')
  const [first = 0] = (await log.committed('group', 'loose', [0])).values()
  const padding = 'x'.repeat(20_000)
  const record = (name: string, value: number) => ({ topic: name, partition: 0, key: padding, value: `${value}` })
  for (let n = first; ; n++) {
    const loose = log.append([record('loose', n)]).then(([place]) => place!.offset)
    await transactor.commit({
      records: [record('one', n), record('two', n), record('one', n)],
      source: { group: 'group', topic: 'loose', partition: 0, offset: n + 1 },
    })
    process.stdout.write(`${n} ${await loose}\n`)
  }
}

void write(process.argv[2]!)
