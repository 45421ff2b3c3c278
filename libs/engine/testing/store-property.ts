import { randomScenario, ReferenceModel } from '@quorate/vote/testing'
import { StoreStory } from './store-story'

/** On demand more of them: QUORATE_STORE_STEPS=1000000; from another seed on: QUORATE_STORE_SEED=1000. */
const TIMES = Number(process.env['QUORATE_STORE_STEPS'] ?? 20_000) / 20_000
const FIRST_SEED = Number(process.env['QUORATE_STORE_SEED'] ?? 1)

/**
 * At least so many records (of the 20,000 that all such suites share), in scenarios of as many agents as `crowds` has by turns: every
 * read is what the fold in memory says, that says what the reference model says, and the changelog alone makes the same store.
 */
export function storeProperty(least: number, crowds: readonly number[]): void {
  const wanted = Math.ceil(least * TIMES)
  it(`${wanted} records, ${crowds.join(', ')} agents`, () => {
    for (let seed = FIRST_SEED, steps = 0; steps < wanted; seed++)
      steps += runStory(seed, crowds[seed % crowds.length]!)
  }, 7_200_000)
}

/** Answers how many records it took. */
export function runStory(seed: number, agents: number, batches?: readonly number[]): number {
  const lines = randomScenario(seed, { agents, kept: true, length: 40 + (seed % 60) })
  const story = new StoreStory(seed, lines, {}, batches)
  try {
    story.run()
    expect(story.told).toEqual(new ReferenceModel().run(lines).filter((line) => 'event' in (line as object)))
  } catch (error) {
    process.stderr.write(`seed ${seed}, ${agents} agents, after ${story.steps} records\n`)
    throw error
  }
  return story.steps
}
