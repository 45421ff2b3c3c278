import { ObjectReader } from './object-reader'
import { PAGE_ROWS } from './row-codec'
import type { ScenarioLine } from '../../testing/scenario'
import { recordsOf, TestTask } from '../../testing/test-task'

const OBJECT = 'o'
const agentsUpTo = (count: number): string[] => Array.from({ length: count }, (_, i) => `agent-${i}`)
const report = (agent: string, state = 'up'): ScenarioLine => ({
  at: 1000,
  object: OBJECT,
  type: 'report',
  data: { agent, state },
})
const leave = (agent: string): ScenarioLine => ({ at: 1000, object: OBJECT, type: 'leave', data: { agent } })

/** Applies line by line, each in its own commit; `reload` closes and opens the task before each of them. */
class Steps {
  readonly task = new TestTask()
  readonly #lines: ScenarioLine[] = []

  apply(lines: readonly ScenarioLine[], reload = false): void {
    for (const line of lines) {
      if (reload) this.task.restore()
      this.#lines.push(line)
      this.task.run(recordsOf(this.#lines))
    }
  }

  read() {
    const reader = new ObjectReader()
    const read = reader.read(this.task.tables, OBJECT)
    if (read === undefined) return undefined
    const { agents } = reader.explanation(this.task.tables, read)
    return { view: reader.view(read), agents: agents.map(({ agent }) => agent) }
  }

  /** Pages of reports in the changelog. */
  get pages(): number {
    return [...this.task.changelog.keys()].filter((key) => key.startsWith('agents/')).length
  }
}

const BOUNDS = [PAGE_ROWS - 1, PAGE_ROWS, PAGE_ROWS + 1, 2 * PAGE_ROWS, 2 * PAGE_ROWS + 1, 3 * PAGE_ROWS + 1]

describe.each([
  ['kept in memory', false],
  ['loaded again before each record', true],
])('an object of several pages, %s', (_name, reload) => {
  it.each(BOUNDS)('counts each new report, up to %i agents', (count) => {
    const steps = new Steps()
    const agents = agentsUpTo(count)
    for (const [i, agent] of agents.entries()) {
      steps.apply([report(agent)], reload)
      expect(steps.read()!.view).toMatchObject({ tally: { up: i + 1 }, electorate: i + 1 })
    }
    expect(steps.read()!.agents).toEqual([...agents].sort())
    expect(steps.pages).toBe(Math.ceil(count / PAGE_ROWS) - 1)
  })

  it.each(BOUNDS)('removes each agent that leaves, from %i agents on', (count) => {
    const steps = new Steps()
    const agents = agentsUpTo(count)
    steps.apply(agents.map((agent) => report(agent)))
    // From both ends in turn: a page's last row moves into another page's gap.
    const order = agents.map((_, i) => agents[i % 2 === 0 ? i / 2 : count - 1 - (i - 1) / 2]!)
    for (const [i, agent] of order.slice(0, -1).entries()) {
      steps.apply([leave(agent)], reload)
      expect(steps.read()!.view).toMatchObject({ tally: { up: count - 1 - i }, electorate: count - 1 - i })
      expect(steps.read()!.agents).toEqual(order.slice(i + 1).sort())
      expect(steps.pages).toBe(Math.max(0, Math.ceil((count - 1 - i) / PAGE_ROWS) - 1))
    }
  })
})

describe('an object of 39 agents', () => {
  it('changes by the votes of two more after a restart', () => {
    const steps = new Steps()
    const agents = agentsUpTo(41)
    steps.apply(agents.slice(0, 20).map((agent) => report(agent, 'up')))
    steps.apply(agents.slice(20, 39).map((agent) => report(agent, 'down')))
    expect(steps.read()!.view).toMatchObject({ state: 'up', tally: { up: 20, down: 19 } })
    steps.task.restore()
    steps.apply(agents.slice(39).map((agent) => report(agent, 'down')))
    expect(steps.read()!.view).toMatchObject({ state: 'down', tally: { up: 20, down: 21 } })
  })
})
