import { randomScenario, ReferenceModel } from '@quorate/vote/testing'
import { StoreStory } from './store-story'

/** For more of them set QUORATE_STORE_STEPS=1000000; for another seed QUORATE_STORE_SEED=1000. */
const TIMES = Number(process.env['QUORATE_STORE_STEPS'] ?? 20_000) / 20_000
const FIRST_SEED = Number(process.env['QUORATE_STORE_SEED'] ?? 1)

/**
 * Runs at least that many records (of the 20,000 that all these suites share), in scenarios whose number of agents
 * cycles through `crowds`. Every read must equal the fold in memory, which must equal the reference model, and the
 * changelog alone must restore the same store.
 */
export function storeProperty(least: number, crowds: readonly number[]): void {
  const wanted = Math.ceil(least * TIMES)
  it(`${wanted} records, ${crowds.join(', ')} agents`, () => {
    for (let seed = FIRST_SEED, steps = 0; steps < wanted; seed++)
      steps += runStory(seed, crowds[seed % crowds.length]!)
  }, 7_200_000)
}

/** Returns the number of records. */
export function runStory(seed: number, agents: number, batches?: readonly number[]): number {
  const lines = randomScenario(seed, { agents, kept: true, length: 40 + (seed % 60) })
  const story = new StoreStory(seed, lines, {}, batches)
  try {
    story.run()
    expect(story.expected).toEqual(new ReferenceModel().run(lines).filter((line) => 'event' in (line as object)))
  } catch (error) {
    process.stderr.write(`seed ${seed}, ${agents} agents, after ${story.steps} records\n`)
    throw error
  }
  return story.steps
}
