import { join } from 'node:path'
import { ROOT } from './harness'
import { run } from './process'

it('notifies of 5,000 objects at once completely, each in order, in bounded memory, with one mail', async () => {
  const { code, process: bench } = await run(process.execPath, { args: [join(ROOT, 'bench/flood.mjs'), '5000'] })
  expect([code, bench.stderr]).toEqual([0, []])
  const figures = JSON.parse(bench.stdout.at(-1)!) as Record<string, number | boolean>
  expect(figures).toMatchObject({ objects: 5_000, webhooks: 5_500, repeated: 0, inOrder: true })
  // The partitions of the instance wait for each other.
  expect(figures['mails']).toBe(1)
  expect(figures['peakRssMb']).toBeLessThan(800)
}, 240_000)
