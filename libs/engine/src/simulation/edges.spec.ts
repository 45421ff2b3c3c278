import { parseOutput, simulate, toJsonLines, type ScenarioLine } from '../../testing/scenario'
import { Settings } from '@quorate/vote'

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

describe('a policy that weights have made a dictator since', () => {
  const policy = { name: 'p', match: '**', electorate: ['a', 'b'] }

  it('is refused when it is put anew, and not when it is appended again', () => {
    const settings = new Settings()
    settings.setAgent('a', 5)
    expect(settings.judge(policy).faults).toMatchObject([{ pointer: '/electorate/0' }])
    expect(settings.judge(policy, true)).toMatchObject({ policy: { electorate: ['a', 'b'], allowDictator: false } })
  })
})

describe('the mass guard', () => {
  /** 40 objects, of which the first `silent` hear nothing more; what is told by 121 s. */
  async function told(silent: number) {
    const on = (at: number, i: number): ScenarioLine => ({ ...report(at, 'a', 'up'), object: `o/${i}` })
    const all = Array.from({ length: 40 }, (_, i) => i)
    const talking = all.slice(silent)
    const lines = [
      ...all.map((i) => on(0, i)),
      ...talking.map((i) => on(50_000, i)),
      ...talking.map((i) => on(100_000, i)),
      { at: 121_000, type: 'tick' },
    ]
    const events = parseOutput((await simulate(toJsonLines(lines))).text).flatMap((line) =>
      'event' in line && line.event.time === 120_000 ? [line.event] : [],
    )
    const lost = events.filter(({ data }) => data?.cause === 'quorum-lost' && data.state === 'unknown')
    return { observers: events.filter(({ type }) => type === 'observers.lost').length, lost: lost.length }
  }

  it('holds nothing back where just half of the objects are stale', async () => {
    expect(await told(20)).toEqual({ observers: 0, lost: 20 })
  })

  it('holds them all back where one more is', async () => {
    expect(await told(21)).toEqual({ observers: 1, lost: 0 })
  })

  it('holds nothing back where fewer than 20 are, however many of all', async () => {
    expect(await told(19)).toEqual({ observers: 0, lost: 19 })
  })
})
