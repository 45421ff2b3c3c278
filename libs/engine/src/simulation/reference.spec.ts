import { decodeSourceData, type Change, type View } from '@quorate/contracts'
import { randomScenario, ReferenceModel } from '@quorate/vote/testing'
import type { ScenarioLine } from '../../testing/scenario'
import { Fold, look, MemoryState } from '@quorate/vote'

/** The engine's output for a scenario, in the reference model's terms. */
function engine(lines: readonly ScenarioLine[]): unknown[] {
  const out: unknown[] = []
  const emit = ({ id, type, time, subject, data, cause }: Change) =>
    out.push({ event: { id, type, time, subject, data, ...(cause === undefined ? {} : { cause }) } })
  const state = new MemoryState(emit)
  const fold = new Fold(state)
  for (const [offset, { at, type, object, data }] of lines.entries()) {
    fold.advance(at, offset)
    if (type === 'look') {
      const view: View | null = look(state, object!)
      out.push({ look: view })
      continue
    }
    const { command, reject } = decodeSourceData(type, object ?? null, data ?? null, 100)
    if (command === undefined) throw new Error(`${reject}: ${JSON.stringify(data)}`)
    if (typeof fold.apply(command, offset) === 'object') out.push({ rejected: offset })
  }
  return out
}

const SCENARIOS = Number(process.env.QUORATE_SCENARIOS ?? 20_000)

const text = (lines: unknown[]): string => lines.map((line) => JSON.stringify(line)).join('\n')

function compare(lines: ScenarioLine[], seed: number): void {
  const ours = text(engine(lines))
  const theirs = text(new ReferenceModel().run(lines))
  if (ours !== theirs) {
    process.stderr.write(`scenario ${seed}:\n${lines.map((line) => JSON.stringify(line)).join('\n')}\n`)
    expect(ours).toBe(theirs)
  }
}

describe('the engine and a model written only from the page', () => {
  it(`agree on ${SCENARIOS} random scenarios`, () => {
    for (let seed = 1; seed <= SCENARIOS; seed++) compare(randomScenario(seed), seed)
  }, 600_000)

  it.each([33, 64, 65, 120])(
    'agree on objects of %i agents',
    (agents) => {
      for (let seed = 1; seed <= SCENARIOS / 1_000; seed++) compare(randomScenario(seed, { agents }), seed)
    },
    600_000,
  )

  it.each([63, 64, 65, 300])('agree if agents invent %i states', (states) => {
    const report = (i: number, weight = 0): ScenarioLine => ({
      at: i * 10,
      object: 'o',
      type: 'report',
      data: { agent: `a${i}`, state: `s${i - weight}` },
    })
    const lines = Array.from({ length: states }, (_, i) => report(i))
    const again = Array.from({ length: 40 }, (_, i) => report(states + i, states - (i % 7)))
    compare([...lines, ...again, { at: 5_000, object: 'o', type: 'look' }], states)
  })

  it('agree if observers are lost together', () => {
    for (let seed = 1; seed <= SCENARIOS / 100; seed++) compare(randomScenario(seed, { crowd: true }), seed)
  }, 600_000)
})
