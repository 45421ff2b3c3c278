import { setTimeout as delay } from 'node:timers/promises'
import { describeKafka } from '../broker'
import { audited } from './auditing'
import { clusterOf, runningAt } from './cluster-report'
import { FaultScene } from './fault-scene'
import { expectSinkAsSimulated, quiet } from './oracle'
import { byLength, say } from './run-length'
import { until } from './until'

const STAY_MS = byLength(500, 20_000)

describeKafka('instances come and go under load', () => {
  let scene: FaultScene

  beforeAll(async () => {
    // Without standbys: one that followed the changelog meanwhile would have nothing left to read of a partition that
    // comes back.
    const env = { QUORATE_STANDBYS: '0' }
    scene = await FaultScene.open({ names: ['one', 'two', 'three'], start: ['one'], env })
    scene.begin()
  }, 120_000)
  afterAll(() => scene?.close(), 60_000)

  /** Waits until these instances share the four partitions evenly within one, and all partitions run. */
  async function shared(...names: string[]): Promise<void> {
    const by = scene.at(names[0]!).app!
    await until(
      `${names.join(', ')} share the partitions`,
      async () => {
        const counts = await Promise.all(names.map(async (name) => (await runningAt(scene.at(name).url, by)).length))
        const total = counts.reduce((sum, count) => sum + count)
        return total === 4 && Math.max(...counts) - Math.min(...counts) <= 1
      },
      60_000,
    )
    say(`shared by ${names.join(', ')}; answers ${scene.answers}`)
    await delay(STAY_MS)
  }

  it('1 → 2 → 3 → 1, and a partition that comes back continues from its stored file', async () => {
    await scene.at('two').start()
    await shared('one', 'two')
    await scene.at('three').start()
    await shared('one', 'two', 'three')
    for (const name of ['two', 'three']) expect(await scene.at(name).end('SIGTERM')).toEqual({ code: 0, signal: null })
    await shared('one')
    const one = scene.at('one')
    expect(one.app!.process.stderr.filter((line) => line.includes('rebuilding the local store'))).toEqual([])
    // It reads from the changelog what the others committed meanwhile, and nothing that it already had.
    const ends = await (await scene.cluster.log()).offsets(scene.cluster.topics.changelog('aggregator'))
    const { partitions } = await clusterOf(one.app!)
    for (const { partition, restored = 0 } of partitions) expect(restored).toBeLessThan(ends[partition]!.end)
    expect(partitions.some(({ restored = 0 }) => restored > 0)).toBe(true)
  }, 240_000)

  it('a rebalance in the middle of a restore loses nothing', async () => {
    const [one, two, three] = [scene.at('one'), scene.at('two'), scene.at('three')]
    expect(await one.end('SIGTERM')).toEqual({ code: 0, signal: null })
    scene.cluster.deleteData('one')
    await Promise.all([one.launch(), two.launch(), delay(300).then(() => three.launch())])
    await Promise.all([one, two, three].map((it) => it.app!.ready()))
    await shared('one', 'two', 'three')
  }, 240_000)

  it('meanwhile the sink is what simulate decides, and no response was wrong', async () => {
    await scene.rest()
    await quiet(scene.cluster)
    const { source, events } = await expectSinkAsSimulated(scene.cluster)
    say(`${source} source records, ${events} sink records as simulated`)
    const { brokers, prefix } = scene.cluster
    say(await audited({ brokers, prefix, by: scene.at('one').app! }, 90_000))
    expect(scene.faults).toEqual([])
  }, 300_000)
})
