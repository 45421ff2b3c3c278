import { isUtf8 } from 'node:buffer'
import { decodeSourceData, encodeView, isObjectId, type Change, type View } from '@quorate/contracts'
import { Fold, look, MemoryState, type Settings } from '../../../aggregator/src/vote'

interface Line {
  readonly at: number
  readonly object?: unknown
  readonly type?: unknown
  readonly data?: unknown
  readonly offset?: unknown
}

/** A scenario as it runs: lines in, output lines out (vote.md 11). The aggregator's own fold, over one partition in memory. */
export class Scenario {
  readonly #state: MemoryState
  readonly #fold: Fold
  readonly #write: (line: string) => void
  #line = 0

  constructor(write: (line: string) => void, settings: Settings) {
    this.#write = write
    this.#state = new MemoryState((change) => write(eventLine(change)), settings)
    this.#fold = new Fold(this.#state)
  }

  take(bytes: Buffer): void {
    const number = this.#line++
    const line = parse(bytes)
    if (typeof line === 'string') return this.#reject(number, line)
    const offset = Number.isSafeInteger(line.offset) ? (line.offset as number) : number
    this.#fold.advance(line.at, offset)
    const reason = line.type === 'look' ? this.#look(line.object) : this.#apply(line, offset, bytes.length)
    if (reason !== undefined) this.#reject(number, reason)
  }

  #apply({ object, type, data }: Line, offset: number, bytes: number): string | undefined {
    const kind = type ?? undefined
    if (kind !== undefined && typeof kind !== 'string') return 'type: must be a string'
    const id = object ?? null
    if (id !== null && typeof id !== 'string') return 'object: must be a string'
    const decoded = decodeSourceData(kind, id === null || isObjectId(id) ? id : '', data ?? null, bytes)
    if (decoded.command === undefined) return decoded.reject
    const applied = this.#fold.apply(decoded.command, offset)
    return typeof applied === 'object' ? applied.reject : undefined
  }

  #look(id: unknown): string | undefined {
    if (typeof id !== 'string') return 'object: a look needs one'
    const view = look(this.#state, id)
    this.#write(`{"look":${view === null ? 'null' : encodeView(view)}}\n`)
    return undefined
  }

  #reject(line: number, reason: string): void {
    this.#write(`${JSON.stringify({ rejected: { line, reason } })}\n`)
  }
}

/** A string says why the line cannot be placed in time. */
function parse(bytes: Buffer): Line | string {
  let value: unknown
  try {
    if (!isUtf8(bytes)) return 'not UTF-8'
    value = JSON.parse(bytes.toString('utf8'))
  } catch {
    return 'not JSON'
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'not a JSON object'
  if (!Number.isFinite((value as Partial<Line>).at)) return 'at: must be a number of ms'
  return value as Line
}

function eventLine({ id, type, time, subject, data, cause }: Change): string {
  const head = `{"event":{"id":${JSON.stringify(id)},"type":"${type}","time":${time},"subject":${JSON.stringify(subject)}`
  const body = data === null ? 'null' : type === 'observers.lost' ? JSON.stringify(data) : encodeView(data as View)
  return `${head},"data":${body}${cause === undefined ? '' : `,"cause":"${cause}"`}}}\n`
}
