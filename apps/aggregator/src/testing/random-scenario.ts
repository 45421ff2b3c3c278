import type { ScenarioLine } from './scenario'

/** Chance with a seed: the same scenario for the same number, everywhere. */
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

const AGENTS = ['a', 'b', 'c', 'd', 'e', 'é']
const STATES = ['up', 'degraded', 'down']
/** s: few values, so that deadlines fall on each other. */
const STEPS = [0, 0, 0, 1, 2, 5, 10, 20, 30, 60]

/**
 * A scenario out of everything that the fold takes, on few objects and agents and with few different times, so that much happens at
 * once. `crowd`: many objects instead, for the mass guard.
 */
export function randomScenario(seed: number, { crowd = false } = {}): ScenarioLine[] {
  const chance = new Chance(seed)
  const objects = crowd
    ? Array.from({ length: 20 + chance.below(16) }, (_, i) => `o${i}`)
    : ['o', 'p/1', '\ufb01', '😀']
  const lines: ScenarioLine[] = []
  let at = 0
  const length = crowd ? 150 : 8 + chance.below(30)
  if (!crowd || chance.oneIn(2)) for (let i = chance.below(3); i > 0; i--) lines.push(policyLine(chance, at))
  if (crowd) for (const object of objects) lines.push(reportLine(chance, at, object))
  while (lines.length < length) {
    at += chance.of(STEPS) * 1000
    if (crowd && chance.oneIn(12)) at += 120_000
    // An append time that runs backwards.
    const told = chance.oneIn(30) ? Math.max(0, at - 7000) : at
    lines.push(randomLine(chance, told, chance.of(objects)))
  }
  for (const object of objects) lines.push({ at: at + chance.below(5) * 60_000, type: 'look', object })
  return lines
}

function randomLine(chance: Chance, at: number, object: string): ScenarioLine {
  const kind = chance.below(100)
  const agent = chance.of(AGENTS)
  if (kind < 62) return reportLine(chance, at, object)
  if (kind < 66) return { at, object, type: chance.of(['leave', 'report-removed']), data: { agent } }
  if (kind < 75) return overrideLine(chance, at, object)
  if (kind < 79) return { at, object, type: 'override-cleared', data: ifMatch(chance) }
  if (kind < 81) return { at, object, type: 'object-deleted', data: ifMatch(chance) }
  if (kind < 86) return policyLine(chance, at)
  if (kind < 88) return { at, type: 'policy-deleted', data: { name: chance.of(['p', 'q']) } }
  if (kind < 92) return { at, type: 'agent-set', data: { agent, weight: chance.below(4), muted: chance.oneIn(4) } }
  if (kind < 93) return { at, type: 'agent-removed', data: { agent } }
  if (kind < 96) return { at, type: 'tick' }
  return { at, type: 'look', object }
}

const ifMatch = (chance: Chance) =>
  chance.oneIn(4) ? { ifMatch: `${chance.below(6)}.${chance.below(4)}.${chance.below(3)}` } : {}

function reportLine(chance: Chance, at: number, object: string): ScenarioLine {
  const state = chance.oneIn(12) ? 'unknown' : chance.oneIn(20) ? '10' : chance.of(STATES)
  const data: Record<string, unknown> = { agent: chance.of(AGENTS), state }
  if (chance.oneIn(3)) data.seq = chance.below(6)
  if (chance.oneIn(8)) data.session = chance.of(['', 's'])
  if (chance.oneIn(6)) data.ttl = chance.of([1, 5000, 30_000, 600_000])
  if (chance.oneIn(8)) data.observedAt = at - chance.of([-5000, 0, 5000, 20_000, 70_000])
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

function policyLine(chance: Chance, at: number): ScenarioLine {
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
  maybe(4, 'electorate', [['a', 'b', 'c'], AGENTS, ['a', 'b', 'c', 'd']])
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
  return { at, type: 'policy-set', data }
}
