import fc from 'fast-check'
import { step, timing } from '../testing/steps'
import { Story } from '../testing/story'

/** Each some ten ms; more on demand (CONTRIBUTING.md). */
const RUNS = Number(process.env['QUORATE_NOTIFIER_RUNS'] ?? 5_000)

it(
  'whatever happens, everyone has been told the truth at the end, once, in order, and each decision has a reason',
  async () => {
    await fc.assert(
      fc.asyncProperty(timing, fc.array(step, { minLength: 1, maxLength: 12 }), fc.nat(), async (root, steps, seed) => {
        const story = await Story.open(root, seed)
        try {
          for (const one of steps) {
            await story.run(one)
            expect(story.misfits()).toEqual([])
          }
          await story.end()
          expect([...story.faults()]).toEqual([])
        } finally {
          story.close()
        }
      }),
      { numRuns: RUNS },
    )
  },
  60_000 + RUNS * 200,
)
