import { setTimeout as delay } from 'node:timers/promises'
import { describeKafka } from '../broker'
import { audited } from './auditing'
import { clusterOf, runningAt } from './cluster-report'
import { FaultScene } from './fault-scene'
import { expectSinkAsSimulated, quiet } from './oracle'
import { byLength, say } from './run-length'
import { until } from './until'

const ROUNDS = byLength(1, 5)

describeKafka('an owner that is frozen under load for longer than its session', () => {
  let scene: FaultScene
  let zombies = 0

  beforeAll(async () => {
    scene = await FaultScene.open({ names: ['one', 'two'] })
    scene.begin()
  }, 120_000)
  afterAll(() => scene?.close(), 60_000)

  it(
    'loses its partitions to the other; when it resumes, it serves nothing as owner and rejoins cleanly',
    async () => {
      const [one, two] = [scene.at('one'), scene.at('two')]
      for (let round = 0; round < ROUNDS; round++) {
        const had = await until('it owns partitions', async () => {
          const owned = await runningAt(one.url, one.app!)
          return owned.length > 0 && owned
        })
        const frozenAt = performance.now()
        one.freeze()
        await until('the other runs them all', async () => (await runningAt(two.url, two.app!)).length === 4, 30_000)
        say(`frozen with ${had.length} partitions, taken over after ${Math.round(performance.now() - frozenAt)} ms`)
        // The other continues to decide, so that everything the zombie has is old.
        await delay(byLength(3_000, 6_000))
        one.thaw()
        zombies += await answersAsOwner(had)
        await until('it has partitions again', async () => {
          const { members } = await clusterOf(two.app!)
          return members.length === 2 && (await runningAt(one.url, two.app!)).length > 0
        })
      }
    },
    90_000 + ROUNDS * 60_000,
  )

  /**
   * Reads from the instance that has just resumed; counts responses in the role of an owner while the group has
   * another.
   */
  async function answersAsOwner(had: readonly number[]): Promise<number> {
    const one = scene.at('one')
    const { partitions } = await clusterOf(scene.at('two').app!)
    const others = new Set(had.filter((p) => partitions[p]!.owner === scene.at('two').url))
    let count = 0
    for (let i = 0; i < 40; i++) {
      const answer = await one.app!.call('GET', `/v1/objects/${encodeURIComponent(`kept/${i}`)}`)
      const partition = Number(answer.headers.get('quorate-partition'))
      const isOwn = answer.status === 200 && answer.headers.get('quorate-owner') === one.url
      if (!isOwn || !others.has(partition)) continue
      // It may have got the partition back meanwhile, and is then right.
      if ((await runningAt(one.url, scene.at('two').app!)).includes(partition)) break
      count++
    }
    return count
  }

  it('nothing of it becomes visible: the sink is what simulate decides', async () => {
    await scene.rest()
    await quiet(scene.cluster)
    const { source, events } = await expectSinkAsSimulated(scene.cluster)
    say(`${source} source records, ${events} sink records as simulated, answers ${scene.answers}`)
    const { brokers, prefix } = scene.cluster
    say(await audited({ brokers, prefix, by: scene.at('two').app! }, 90_000))
  }, 300_000)

  it('returned no older state than the owner had, and no false 404', () => {
    expect(zombies).toBe(0)
    expect(scene.faults).toEqual([])
  })
})
