import { isUtf8 } from 'node:buffer'
import { decodeSourceData, isObjectId, parseExactly } from '@quorate/contracts'
import type { Engine } from '../replay/engine'
import type { InputLine } from './lines'

interface Line {
  readonly at: number
  readonly object?: unknown
  readonly type?: unknown
  readonly data?: unknown
  readonly offset?: unknown
}

/** Runs a scenario: lines in, decisions out (vote.md 11). */
export class Scenario {
  readonly #engines: readonly Engine[]
  #line = 0

  /** All engines take the same lines, each with its own policies. */
  constructor(...engines: readonly Engine[]) {
    this.#engines = engines
  }

  take(given: InputLine): void {
    const number = this.#line++
    const line = parse(given)
    for (const engine of this.#engines) {
      const reason = typeof line === 'string' ? line : this.#run(engine, line, number, given.length)
      if (reason !== undefined) engine.outlet.rejected(number, reason)
    }
  }

  #run(engine: Engine, line: Line, number: number, bytes: number): string | undefined {
    const offset = Number.isSafeInteger(line.offset) ? (line.offset as number) : number
    engine.advance(line.at, offset)
    return line.type === 'look' ? look(engine, line.object) : apply(engine, line, offset, bytes)
  }
}

function apply(engine: Engine, { object, type, data }: Line, offset: number, bytes: number): string | undefined {
  const kind = type ?? undefined
  if (kind !== undefined && typeof kind !== 'string') return 'type: must be a string'
  const id = object ?? null
  if (id !== null && typeof id !== 'string') return 'object: must be a string'
  const decoded = decodeSourceData(kind, id === null || isObjectId(id) ? id : '', data ?? null, bytes)
  return decoded.command === undefined ? decoded.reject : engine.apply(decoded.command, offset)
}

function look(engine: Engine, id: unknown): string | undefined {
  if (typeof id !== 'string') return 'object: a look needs one'
  engine.outlet.look(engine.look(id))
  return undefined
}

/** Returns a string if the line has no valid time. */
function parse(given: InputLine): Line | string {
  let value: unknown
  try {
    if (typeof given !== 'string' && !isUtf8(given)) return 'not UTF-8'
    value = parseExactly(typeof given === 'string' ? given : given.toString('utf8'))
  } catch {
    return 'not JSON'
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'not a JSON object'
  if (!Number.isFinite((value as Partial<Line>).at)) return 'at: must be a number of ms'
  return value as Line
}
