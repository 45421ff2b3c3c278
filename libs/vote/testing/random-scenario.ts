import type { ScenarioLine } from './scenario-line'

/** Random numbers from a seed: the same seed gives the same scenario everywhere. */
export class Chance {
  #x: number

  constructor(seed: number) {
    this.#x = (Math.imul(seed, 2654435761) + 12345) >>> 0
    for (let i = 0; i < 4; i++) this.below(2)
  }

  /** 0 … n−1 */
  below(n: number): number {
    this.#x = (Math.imul(this.#x, 1664525) + 1013904223) >>> 0
    return Math.floor((this.#x * n) / 4294967296)
  }

  oneIn(n: number): boolean {
    return this.below(n) === 0
  }

  of<T>(values: readonly T[]): T {
    return values[this.below(values.length)]!
  }
}

const AGENTS: readonly string[] = ['a', 'b', 'c', 'd', 'e', 'é']
/** That many agents, the usual ones first. */
const agentsUpTo = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, i) => AGENTS[i] ?? (i % 7 === 0 ? `агент ${i}` : `agent-${i}`))
const STATES = ['up', 'degraded', 'down']
/** Seconds. Few values, so that deadlines coincide. */
const STEPS = [0, 0, 0, 1, 2, 5, 10, 20, 30, 60]

export interface ScenarioOptions {
  /** Many objects, for the mass guard. */
  readonly crowd?: boolean
  /**
   * Agents that report on the first object before anything else happens, and may report on all objects: enough to
   * exceed a page of the store, or several.
   */
  readonly agents?: number
  /** Number of lines after those first reports. */
  readonly length?: number
  /** Some reports carry evidence, and policies keep few changes. */
  readonly kept?: boolean
}

/** Random numbers and the agents of a scenario. */
interface Cast {
  readonly chance: Chance
  readonly agents: readonly string[]
  readonly kept: boolean
}

/**
 * A scenario with every kind of command, on few objects and agents and with few distinct times, so that much happens at
 * once.
 */
export function randomScenario(seed: number, options: ScenarioOptions = {}): ScenarioLine[] {
  const { crowd = false, agents = 0, kept = false } = options
  const chance = new Chance(seed)
  const cast: Cast = { chance, agents: agents === 0 ? AGENTS : agentsUpTo(agents), kept }
  const objects = crowd
    ? Array.from({ length: 20 + chance.below(16) }, (_, i) => `o${i}`)
    : ['o', 'p/1', '\ufb01', '😀']
  const lines: ScenarioLine[] = []
  let at = 0
  const length = options.length ?? (crowd ? 150 : 8 + chance.below(30))
  if (!crowd || chance.oneIn(2)) for (let i = chance.below(3); i > 0; i--) lines.push(policyLine(cast, at))
  if (crowd) for (const object of objects) lines.push(reportLine(cast, at, object))
  for (let i = 0; i < agents; i++) {
    const { data, ...line } = reportLine(cast, at, objects[0]!)
    lines.push({ ...line, data: { ...(data as object), agent: cast.agents[i]! } })
    if (chance.oneIn(10)) at += 1000
  }
  const end = agents === 0 ? length : lines.length + length
  while (lines.length < end) {
    at += chance.of(STEPS) * 1000
    if (crowd && chance.oneIn(12)) at += 120_000
    // An append time that runs backwards.
    const told = chance.oneIn(30) ? Math.max(0, at - 7000) : at
    const object = agents > 0 && chance.oneIn(2) ? objects[0]! : chance.of(objects)
    lines.push(randomLine(cast, told, object))
  }
  for (const object of objects) lines.push({ at: at + chance.below(5) * 60_000, type: 'look', object })
  return lines
}

function randomLine(cast: Cast, at: number, object: string): ScenarioLine {
  const { chance } = cast
  const kind = chance.below(100)
  const agent = chance.of(cast.agents)
  if (kind < 62) return reportLine(cast, at, object)
  if (kind < 66) return { at, object, type: chance.of(['leave', 'report-removed']), data: { agent } }
  if (kind < 75) return overrideLine(chance, at, object)
  if (kind < 79) return { at, object, type: 'override-cleared', data: ifMatch(chance) }
  if (kind < 81) return { at, object, type: 'object-deleted', data: ifMatch(chance) }
  if (kind < 86) return policyLine(cast, at)
  if (kind < 88) return { at, type: 'policy-deleted', data: { name: chance.of(['p', 'q']) } }
  if (kind < 92) return { at, type: 'agent-set', data: { agent, weight: chance.below(4), muted: chance.oneIn(4) } }
  if (kind < 93) return { at, type: 'agent-removed', data: { agent } }
  if (kind < 96) return { at, type: 'tick' }
  return { at, type: 'look', object }
}

const ifMatch = (chance: Chance) =>
  chance.oneIn(4) ? { ifMatch: `${chance.below(6)}.${chance.below(4)}.${chance.below(3)}` } : {}

function reportLine({ chance, agents, kept }: Cast, at: number, object: string): ScenarioLine {
  const state = chance.oneIn(12) ? 'unknown' : chance.oneIn(20) ? '10' : chance.of(STATES)
  const data: Record<string, unknown> = { agent: chance.of(agents), state }
  if (chance.oneIn(3)) data.seq = chance.below(6)
  if (chance.oneIn(8)) data.session = chance.of(['', 's'])
  if (chance.oneIn(6)) data.ttl = chance.of([1, 5000, 30_000, 600_000])
  if (chance.oneIn(8)) data.observedAt = at - chance.of([-5000, 0, 5000, 20_000, 70_000])
  if (kept && chance.oneIn(4)) data.evidence = { n: chance.below(100) }
  return { at, object, type: 'report', data }
}

function overrideLine(chance: Chance, at: number, object: string): ScenarioLine {
  const data: Record<string, unknown> = { state: chance.oneIn(6) ? 'unknown' : chance.of(STATES), ...ifMatch(chance) }
  if (chance.oneIn(2)) data.expiresAt = at + chance.of([0, 1000, 10_000, 60_000, 2_000_000])
  if (chance.oneIn(3)) data.mode = chance.of(['pin', 'until-agree'])
  if (chance.oneIn(3)) data.reason = chance.of(['r', 's'])
  if (chance.oneIn(3)) data.author = 'eve'
  return { at, object, type: 'override-set', data }
}

function policyLine({ chance, agents, kept }: Cast, at: number): ScenarioLine {
  const name = chance.of(['p', 'q'])
  const data: Record<string, unknown> = { name, match: chance.of(['**', '**', 'o*', 'p/*', '*', 'o']) }
  const maybe = (n: number, field: string, values: readonly unknown[]) => {
    if (chance.oneIn(n)) data[field] = chance.of(values)
  }
  maybe(4, 'priority', [0, 1])
  maybe(3, 'states', [STATES, [...STATES].reverse(), ['up', '10', 'down']])
  if (data.states !== undefined && chance.oneIn(2)) data.method = 'ordered'
  maybe(4, 'thresholds', [{ down: 2 }, { degraded: 1, down: 3 }, { up: 1 }])
  maybe(2, 'ttl', [0, 5, 30, 60, 600])
  maybe(3, 'memory', [60, 120, 600, 3600])
  maybe(4, 'electorate', [['a', 'b', 'c'], agents, ['a', 'b', 'c', 'd']])
  maybe(3, 'quorum', ['half', 'majority', 0, 1, 2, 3, '0%', '34%', '60%', '100%'])
  maybe(4, 'groups', [
    { x: ['a', 'b'], y: ['c'] },
    { x: ['a'], y: ['b'], z: ['c', 'd', 'e', 'é'] },
    { x: ['a', 'b', 'c'], '2': [] },
    { x: ['a'] },
  ])
  maybe(3, 'confirm', [{ '*': 10 }, { up: 30 }, { down: 0, '*': 20 }, { up: 5, down: 60 }])
  maybe(4, 'settle', [0, 5, 30])
  maybe(2, 'unknownAfter', [0, 5, 30, 60, 600])
  maybe(4, 'onNoQuorum', ['hold', 'unknown', 'down', 'up'])
  maybe(3, 'flap', [{ changes: 2 }, { changes: 3, window: 60 }, { window: 10 }, { changes: 2, window: 0 }])
  maybe(4, 'maxOverride', [0, 30, 600])
  maybe(2, 'allowDictator', [true])
  if (kept) maybe(2, 'history', [0, 1, 2, 3, 5, 20])
  if (agents.length > AGENTS.length)
    maybe(3, 'groups', [{ x: agents.slice(0, 20), y: agents.slice(20) }, { x: agents.slice(3, 40) }])
  return { at, type: 'policy-set', data }
}
