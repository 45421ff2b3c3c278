import { parseOutput, simulate, toJsonLines, type ScenarioLine } from '../../testing/scenario'
import { Settings } from '@quorate/vote'

/** Boundaries where one step more or less decides and that random scenarios seldom hit (test/mutants). */
const looks = async (...lines: ScenarioLine[]) =>
  parseOutput((await simulate(toJsonLines(lines))).text).flatMap((line) => ('look' in line ? [line.look] : []))
const report = (at: number, agent: string, state: string, more: object = {}): ScenarioLine => ({
  at,
  object: 'o',
  type: 'report',
  data: { agent, state, ...more },
})
const look = (at: number): ScenarioLine => ({ at, object: 'o', type: 'look' })

describe('a report exactly at its expiry', () => {
  it.each([
    ['policy-set', { name: 'p', match: '**' }],
    ['agent-set', { agent: 'b', weight: 2 }],
    ['agent-set', { agent: 'a', weight: 2 }],
  ])('stays expired when a %s causes a recount', async (type, data) => {
    const [view] = await looks(report(0, 'a', 'up'), { at: 60_000, type, data }, look(60_000))
    expect(view).toMatchObject({ participants: 0, tally: {}, stale: true })
  })
})

describe('a policy that weights have since made a dictatorship', () => {
  const policy = { name: 'p', match: '**', electorate: ['a', 'b'] }

  it('is refused when set again, but not when appended again', () => {
    const settings = new Settings()
    settings.setAgent('a', 5)
    expect(settings.judge(policy).faults).toMatchObject([{ pointer: '/electorate/0' }])
    expect(settings.judge(policy, true)).toMatchObject({ policy: { electorate: ['a', 'b'], allowDictator: false } })
  })
})

describe('the mass guard', () => {
  /** 40 objects, of which the first `silent` get no further reports; the events until 121 s. */
  async function eventsOf(silent: number) {
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

  it('holds nothing if exactly half of the objects are stale', async () => {
    expect(await eventsOf(20)).toEqual({ observers: 0, lost: 20 })
  })

  it('holds them all if one more is', async () => {
    expect(await eventsOf(21)).toEqual({ observers: 1, lost: 0 })
  })

  it('holds nothing if fewer than 20 are, whatever the share', async () => {
    expect(await eventsOf(19)).toEqual({ observers: 0, lost: 19 })
  })
})
