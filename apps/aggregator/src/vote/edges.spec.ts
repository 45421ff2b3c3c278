import { parseOutput, simulate, toJsonLines, type ScenarioLine } from '../testing/scenario'

/** Places where one step more or less decides, which random scenarios seldom meet (test/mutants). */
const looks = async (...lines: ScenarioLine[]) =>
  parseOutput((await simulate(toJsonLines(lines))).text).flatMap((line) => ('look' in line ? [line.look] : []))
const report = (at: number, agent: string, state: string, more: object = {}): ScenarioLine => ({
  at,
  object: 'o',
  type: 'report',
  data: { agent, state, ...more },
})
const look = (at: number): ScenarioLine => ({ at, object: 'o', type: 'look' })

describe('a report at the very time of its expiry', () => {
  it.each([
    ['policy-set', { name: 'p', match: '**' }],
    ['agent-set', { agent: 'b', weight: 2 }],
    ['agent-set', { agent: 'a', weight: 2 }],
  ])('stays expired when a %s has all counted anew then', async (type, data) => {
    const [view] = await looks(report(0, 'a', 'up'), { at: 60_000, type, data }, look(60_000))
    expect(view).toMatchObject({ participants: 0, tally: {}, stale: true })
  })
})
