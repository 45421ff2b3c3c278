import { LIMITS } from '@quorate/contracts'
import { Problem } from '@quorate/http'

/** Cuts a body into its items, chunk by chunk, holding no more than one item. */
export interface Splitter {
  /** Items that are complete with this chunk; JSON text, not yet parsed. */
  push(chunk: Buffer): Buffer[]
  /** What is left at the end of the body. @throws Problem 400 when the body ends inside */
  end(): Buffer[]
}

/** Bytes of one item; a report with 64 KiB of evidence fits however it is escaped. */
const MAX_ITEM = LIMITS.bodyBytes
const tooLarge = () =>
  new Problem('too-large', `One report may have ${MAX_ITEM} bytes.`, { headers: { connection: 'close' } })
const malformed = (what: string) => new Problem('malformed', what)

/** Newline-delimited JSON; empty lines are skipped. */
export class LineSplitter implements Splitter {
  #rest: Buffer[] = []
  #held = 0

  push(chunk: Buffer): Buffer[] {
    const items: Buffer[] = []
    let from = 0
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, from)) {
      this.#take(items, chunk.subarray(from, at))
      from = at + 1
    }
    this.#hold(chunk.subarray(from))
    return items
  }

  end(): Buffer[] {
    const items: Buffer[] = []
    this.#take(items, Buffer.alloc(0))
    return items
  }

  #hold(part: Buffer): void {
    if (part.length === 0) return
    this.#held += part.length
    if (this.#held > MAX_ITEM) throw tooLarge()
    this.#rest.push(part)
  }

  #take(items: Buffer[], part: Buffer): void {
    const line = this.#held === 0 ? part : Buffer.concat([...this.#rest, part])
    this.#rest = []
    this.#held = 0
    if (line.length > MAX_ITEM) throw tooLarge()
    if (!isBlank(line)) items.push(line)
  }
}

const isBlank = (line: Buffer) => line.every((byte) => byte === 32 || byte === 9 || byte === 13)

const QUOTE = 34
const BACKSLASH = 92
const COMMA = 44
const OPEN = new Set([91, 123])
const CLOSE = new Set([93, 125])
const BLANK = new Set([32, 9, 10, 13])

/**
 * The elements of a JSON array. Looks at brackets and strings alone; whether an element is JSON is found out when it is
 * parsed.
 */
export class ArraySplitter implements Splitter {
  #state: 'before' | 'first' | 'inside' | 'after' = 'before'
  #depth = 0
  #string = false
  #escaped = false
  #rest: Buffer[] = []
  #held = 0

  push(chunk: Buffer): Buffer[] {
    const items: Buffer[] = []
    let from = 0
    for (let i = 0; i < chunk.length; i++) {
      const byte = chunk[i]!
      if (this.#string) {
        i = this.#inString(chunk, i)
        continue
      }
      if (this.#state === 'before' || this.#state === 'after') {
        if (BLANK.has(byte)) continue
        if (this.#state === 'after') throw malformed('There is something behind the array.')
        if (byte !== 91)
          throw malformed('The body must be a JSON array, or NDJSON with the content type application/x-ndjson.')
        this.#state = 'first'
        from = i + 1
        continue
      }
      if (byte === QUOTE) this.#string = true
      else if (OPEN.has(byte)) this.#depth++
      else if (CLOSE.has(byte) && this.#depth > 0) this.#depth--
      else if (this.#depth === 0 && (byte === COMMA || byte === 93)) {
        this.#take(items, chunk.subarray(from, i), byte === 93)
        from = i + 1
      } else if (CLOSE.has(byte)) throw malformed('A bracket closes what was not opened.')
    }
    if (this.#state === 'first' || this.#state === 'inside') this.#hold(chunk.subarray(from))
    return items
  }

  end(): Buffer[] {
    if (this.#state !== 'after') throw malformed('The body ends before its array does.')
    return []
  }

  /** Index of the last byte looked at. */
  #inString(chunk: Buffer, from: number): number {
    for (let i = from; i < chunk.length; i++) {
      if (this.#escaped) this.#escaped = false
      else if (chunk[i] === BACKSLASH) this.#escaped = true
      else if (chunk[i] === QUOTE) {
        this.#string = false
        return i
      }
    }
    return chunk.length
  }

  #hold(part: Buffer): void {
    if (part.length === 0) return
    this.#held += part.length
    if (this.#held > MAX_ITEM) throw tooLarge()
    this.#rest.push(part)
  }

  #take(items: Buffer[], part: Buffer, last: boolean): void {
    const item = this.#held === 0 ? part : Buffer.concat([...this.#rest, part])
    this.#rest = []
    this.#held = 0
    if (item.length > MAX_ITEM) throw tooLarge()
    const empty = item.every((byte) => BLANK.has(byte))
    if (empty && !(last && this.#state === 'first')) throw malformed('The array has an empty place.')
    if (!empty) items.push(item)
    this.#state = last ? 'after' : 'inside'
  }
}
