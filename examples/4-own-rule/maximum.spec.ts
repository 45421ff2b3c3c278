import { type ScenarioLine, simulate } from '@quorate/engine/testing'
import { maximum } from './maximum'

const rules = new Map([['maximum', maximum]])
const policies = [{ name: 'ovens', match: 'oven/*', method: 'maximum', quorum: 1 }]
const says = (at: number, agent: string, state: string): ScenarioLine => ({
  at,
  object: 'oven/1',
  type: 'report',
  data: { agent, state },
})

async function changes(...lines: ScenarioLine[]) {
  const all = await simulate(lines, { policies, rules })
  return all.flatMap(({ type, time, data }) =>
    data !== null && type === 'object.changed' ? [[time, data.state, data.rule]] : [],
  )
}

it('decides for the largest number, not for what most say', async () => {
  const lines = [says(0, 'a', '20'), says(1, 'b', '20'), says(2, 'c', '180.5'), says(3, 'd', '99')]
  expect(await changes(...lines)).toEqual([
    [0, '20', 'maximum'],
    [2, '180.5', 'maximum'],
  ])
})

it('comes down when the hottest is silent', async () => {
  const lines = [says(0, 'c', '180'), says(30_000, 'a', '20'), says(61_000, 'a', '20')]
  expect(await changes(...lines)).toEqual([
    [0, '180', 'maximum'],
    [60_000, '20', 'maximum'],
  ])
})

it('gives the same whatever the order of the participants', () => {
  const participants = ['9', '10', 'off', '10.0', '2'].map((state, i) => ({ agent: `a${i}`, state, weight: 1 }))
  const inForce = {} as never
  const forth = maximum(participants, inForce, 'unknown')
  expect(forth).toEqual({ winner: '10', rule: 'maximum' })
  expect(maximum([...participants].reverse(), inForce, '9')).toEqual(forth)
})

it('has no winner where nobody reports a number', async () => {
  expect(await changes(says(0, 'a', 'off'))).toEqual([])
})

it('is unknown to a process that has not registered it', async () => {
  await expect(simulate([], { policies })).rejects.toThrow('/method: unknown method')
})

it('refuses a line that is no report', async () => {
  const wrong = { ...says(0, 'a', '20'), data: { agent: 'a' } }
  await expect(simulate([wrong], { policies, rules })).rejects.toThrow('lines[0] was refused: /state: missing')
})
