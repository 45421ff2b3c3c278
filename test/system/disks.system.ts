import { closeSync, openSync, statSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { describeKafka, kafkaTool } from '../broker'
import { audited } from './auditing'
import { clusterOf } from './cluster-report'
import { FaultScene } from './fault-scene'
import { KEPT_OBJECTS } from './load'
import { Instance } from './instance'
import { expectSinkAsSimulated, quiet } from './oracle'
import { byLength, say } from './run-length'
import { until } from './until'

/**
 * Rows of the changelog that one commit may write: what a kill between the log's commit and SQLite's leaves to be read
 * back.
 */
const COMMIT = 1_000
const RECORDS = byLength(6_000, 60_000)

describeKafka('the disk of an instance under load', () => {
  let scene: FaultScene
  let one: Instance
  const file = (partition: number) => join(scene.cluster.dataDir('one'), 'aggregator', `${partition}.db`)

  beforeAll(async () => {
    scene = await FaultScene.open({ names: ['one'], rate: 1_000 })
    one = scene.at('one')
    scene.begin()
    await until('there is something to restore', () => scene.load.sent > RECORDS, 240_000)
  }, 300_000)
  afterAll(() => scene?.close(), 60_000)

  const rebuilt = () =>
    one.app!.process.stderr.filter((line) => /rebuilding (it|the local store) from the changelog/.test(line))
  const partitionsOf = (lines: readonly string[]) =>
    lines.map((line) => Number(/(\d+)\.db$/.exec((JSON.parse(line) as { file: string }).file)?.[1]))

  async function restored(): Promise<number[]> {
    const { partitions } = await clusterOf(one.app!)
    return partitions.map((it) => it.restored ?? NaN)
  }

  it('kept: after SIGKILL about one commit is read back, with reports arriving meanwhile', async () => {
    for (let round = 0; round < byLength(2, 10); round++) {
      await one.end('SIGKILL')
      await one.start()
      const rows = await restored()
      expect(Math.max(...rows)).toBeLessThanOrEqual(COMMIT)
      expect(rebuilt()).toEqual([])
      say(`killed and restarted, read back ${rows.join(', ')}`)
    }
  }, 180_000)

  it('kept: after SIGTERM almost nothing is read back', async () => {
    expect(await one.end('SIGTERM')).toEqual({ code: 0, signal: null })
    await one.start()
    expect(Math.max(...(await restored()))).toBeLessThanOrEqual(1)
  }, 60_000)

  it('lost: everything is read back, with reports arriving meanwhile', async () => {
    await one.end('SIGKILL')
    scene.cluster.deleteData('one')
    const ends = await (await scene.cluster.log()).offsets(scene.cluster.topics.changelog('aggregator'))
    const begun = performance.now()
    await one.start()
    const rows = await restored()
    for (const { partition, end } of ends) expect(rows[partition]).toBeGreaterThan(end / 2)
    say(`restored ${rows.join(', ')} rows within ${Math.round(performance.now() - begun)} ms`)
  }, 120_000)

  it('damaged: an invalid file and a torn one are rebuilt, and no other', async () => {
    // End cleanly: the write-ahead log that a killed process leaves would repair many pages.
    await one.end('SIGTERM')
    writeFileSync(file(0), 'this is not a database '.repeat(10_000))
    tear(file(2))
    await one.start()
    // The torn file is detected when a missing page is read.
    await until('both are known to be damaged', () => partitionsOf(rebuilt()).length === 2)
    await one.app!.ready()
    expect(partitionsOf(rebuilt()).sort()).toEqual([0, 2])
    say(rebuilt().join('\n'))
  }, 120_000)

  it('killed at every moment of its restores, it ends in the same state', async () => {
    for (let round = 0; round < byLength(2, 12); round++) {
      await one.end('SIGKILL')
      if (round === 0) scene.cluster.deleteData('one')
      const app = await one.launch()
      await app.process.line(/partitions assigned/)
      if (round % 2 === 1) await app.process.line(/restor/)
    }
    await one.end('SIGKILL')
    await one.start()
  }, 180_000)

  it('of another process: a second instance on it is refused, and the first continues', async () => {
    const second = await Instance.of(scene.cluster, 'second', { dataDir: scene.cluster.dataDir('one') })
    const app = await second.launch()
    const { code } = await app.process.exited
    expect([code, app.process.output]).toEqual([1, expect.stringMatching(/STORE_LOCKED|another process/)])
    scene.cluster.apps.delete('second')
    await one.app!.client.report('own/disk', 'me', { state: 'up' }, { wait: 10 })
  }, 60_000)

  it('meanwhile the sink is what simulate decides, and no response was wrong', async () => {
    await scene.rest()
    await quiet(scene.cluster)
    const { source, events } = await expectSinkAsSimulated(scene.cluster)
    say(`${source} source records, ${events} sink records as simulated, answers ${scene.answers}`)
    const { brokers, prefix } = scene.cluster
    say(await audited({ brokers, prefix, by: one.app! }, 90_000))
    expect(scene.faults).toEqual([])
  }, 300_000)

  it('ahead of a recreated changelog: serves no old row, reads the source again, loses nothing', async () => {
    const views = async (): Promise<unknown[]> =>
      (await one.app!.client.page({ limit: 10_000, prefix: 'kept/' })).items.map(({ object, state, version }) => [
        object,
        state,
        version,
      ])
    const before = await views()
    expect(before).toHaveLength(KEPT_OBJECTS)
    await one.end('SIGTERM')
    const { changelog } = scene.cluster.topics
    const args = ['--bootstrap-server', scene.cluster.brokers.join(','), '--delete', '--topic', changelog('aggregator')]
    await kafkaTool('org.apache.kafka.tools.TopicCommand', args)
    await one.start()
    expect(partitionsOf(rebuilt()).sort()).toEqual([0, 1, 2, 3])
    expect(rebuilt().every((line) => line.includes('created again'))).toBe(true)
    await scene.cluster.caughtUp(one.app!)
    expect(await views()).toEqual(before)
  }, 120_000)
})

/** Damages a file like a machine that went down: pages in its middle are zero. */
function tear(path: string): void {
  const size = statSync(path).size
  const handle = openSync(path, 'r+')
  writeSync(handle, Buffer.alloc(Math.floor(size / 2)), 0, Math.floor(size / 2), Math.floor(size / 4))
  closeSync(handle)
}
