import type { Logger } from '@quorate/log'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TestDriver } from '../../testing'
import type { Processor, TaskBatch, TaskContext } from '../context'
import type { Streams, TaskState } from '../streams'
import { topologyOf } from '../streams.conformance'

/** Keeps what comes, and says so. */
class Keep implements Processor {
  process(batch: TaskBatch, context: TaskContext): number {
    for (const { key, value } of batch.records) {
      context.table('sums').put(key!.toString(), value!)
      context.forward('sums', { key, value: 'kept' })
    }
    return batch.next
  }
}

/** A disk of 1 MiB, where this machine lets us have one. */
function smallDisk(): string | undefined {
  const path = mkdtempSync(join(tmpdir(), 'small-disk-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', path], { stdio: 'ignore' })
    return path
  } catch {
    rmSync(path, { recursive: true })
    return undefined
  }
}

const disk = smallDisk()
// Mounting takes root, which CI has; elsewhere the suite is listed as skipped.
const describeFull = disk === undefined ? describe.skip : describe

describeFull('a disk that is full', () => {
  afterAll(() => {
    execFileSync('umount', [disk!])
    rmSync(disk!, { recursive: true })
  })

  it('stops the partition, which says so, commits nothing beyond the saved, and goes on once there is room', async () => {
    const errors: { err?: Error & { code?: string } }[] = []
    const nothing = (): void => undefined
    const logger: Logger = { debug: nothing, info: nothing, warn: nothing, error: (fields) => void errors.push(fields) }
    const topology = topologyOf('full', 1)
    const driver = await TestDriver.open({ topology, processor: () => new Keep(), root: join(disk!, 'driver'), logger })
    const streams = await driver.start()
    const kept = async (): Promise<number> => (await driver.read(topology.outputs.sums!)).length

    let sent = 0
    const value = 'x'.repeat(20_000)
    const one = (): Promise<void> => driver.pipe({ key: `k${sent++}`, value })
    while (streams.task(0)?.state === 'running') {
      await one()
      await Promise.race([driver.settle(), becomes(streams, 'restoring')])
    }
    expect(errors[0]!.err).toMatchObject({ code: 'STORE_FULL' })
    expect(streams.conditions.all()).toMatchObject([{ code: 'STORE_FULL', partition: 0, blocks: ['ready'] }])
    expect(streams.ready).toBe(false)
    const committed = await kept()
    expect(committed).toBeGreaterThan(10)
    for (let i = 0; i < 5; i++) await one()
    // It has tried again, to no avail.
    const before = streams.task(0)!.restarts
    while (streams.task(0)!.restarts < before + 2) await new Promise((resolve) => setImmediate(resolve))
    expect(await kept()).toBe(committed)
    expect(errors).toHaveLength(1)

    execFileSync('mount', ['-o', 'remount,size=64m', disk!])
    await becomes(streams, 'running')
    await driver.settle()
    expect(await kept()).toBe(sent)
    expect([...driver.task(0).table('sums').range()]).toHaveLength(sent)
    await driver.close()
  }, 60_000)
})

function becomes(streams: Streams, state: TaskState): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (streams.task(0)?.state !== state) return
      stop()
      resolve()
    }
    const stop = streams.onChange(look)
    look()
  })
}
