// The thread of bulk loads (bulk-thread.ts). It imports nothing of ours but types, so that it can be started as it lies
// here.
import type Database from 'better-sqlite3'
import type { BulkOrder, BulkReply, BulkTask } from './bulk-thread'
import type { PackedEntries } from './packed-entries'

/** Entries of one piece; `places` has four numbers for each. */
const PLACES = 4
const GONE = -1

/**
 * The latest entry of each key, by an open-addressing table over the bytes: no string is made of what is superseded.
 */
class Latest {
  private pieces: PackedEntries[] = []
  /** Piece and entry of the latest value, by slot; −1 = empty. */
  private slots = new Int32Array(1 << 16).fill(-1)
  private hashes = new Int32Array(1 << 16)
  private pieceOf = new Int32Array(1 << 15)
  private entryOf = new Int32Array(1 << 15)
  /** Keys held. */
  size = 0
  /** Bytes held, those of superseded values included. */
  bytes = 0

  add(piece: PackedEntries): void {
    const index = this.pieces.push(piece) - 1
    this.bytes += piece.bytes.byteLength + piece.count * 24
    for (let i = 0; i < piece.count; i++) this.put(index, i)
  }

  /** Forgets all. */
  clear(): void {
    this.pieces = []
    this.slots.fill(-1)
    this.size = this.bytes = 0
  }

  /** Tells each key's latest entry, in the order of the keys (JavaScript's, which is that of the bytes or nearly). */
  inOrder(tell: (key: string, value: Buffer | null, due: number) => void): void {
    const keys: string[] = new Array<string>(this.size)
    const order = new Uint32Array(this.size)
    for (let n = 0; n < this.size; n++) {
      const { bytes, places } = this.pieces[this.pieceOf[n]!]!
      const at = this.entryOf[n]! * PLACES
      keys[n] = Buffer.from(bytes.buffer, places[at], places[at + 1]).toString('utf8')
      order[n] = n
    }
    order.sort((a, b) => (keys[a]! < keys[b]! ? -1 : 1))
    for (const n of order) {
      const { bytes, places, dues } = this.pieces[this.pieceOf[n]!]!
      const entry = this.entryOf[n]!
      const at = entry * PLACES
      const length = places[at + 3]!
      tell(keys[n]!, length === GONE ? null : Buffer.from(bytes.buffer, places[at + 2], length), dues[entry]!)
    }
  }

  private put(piece: number, entry: number): void {
    const { bytes, places } = this.pieces[piece]!
    const from = places[entry * PLACES]!
    const length = places[entry * PLACES + 1]!
    let hash = 0x811c9dc5
    for (let i = from; i < from + length; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193)
    hash ^= hash >>> 15
    const mask = this.slots.length - 1
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const n = this.slots[slot]!
      if (n < 0) {
        this.insert(slot, hash, piece, entry)
        return
      }
      if (this.hashes[slot] !== hash || !this.equals(n, bytes, from, length)) continue
      this.pieceOf[n] = piece
      this.entryOf[n] = entry
      return
    }
  }

  private insert(slot: number, hash: number, piece: number, entry: number): void {
    const n = this.size++
    this.slots[slot] = n
    this.hashes[slot] = hash
    this.pieceOf[n] = piece
    this.entryOf[n] = entry
    if (this.size * 2 > this.slots.length) this.grow()
  }

  private equals(n: number, bytes: Uint8Array, from: number, length: number): boolean {
    const other = this.pieces[this.pieceOf[n]!]!
    const at = this.entryOf[n]! * PLACES
    if (other.places[at + 1] !== length) return false
    const otherFrom = other.places[at]!
    for (let i = 0; i < length; i++) if (other.bytes[otherFrom + i] !== bytes[from + i]) return false
    return true
  }

  private grow(): void {
    const { slots, hashes } = this
    const size = slots.length * 2
    this.slots = new Int32Array(size).fill(-1)
    this.hashes = new Int32Array(size)
    for (let i = 0; i < slots.length; i++) {
      if (slots[i]! < 0) continue
      let slot = hashes[i]! & (size - 1)
      while (this.slots[slot]! >= 0) slot = (slot + 1) & (size - 1)
      this.slots[slot] = slots[i]!
      this.hashes[slot] = hashes[i]!
    }
    const longer = (old: Int32Array): Int32Array<ArrayBuffer> => {
      const array = new Int32Array(size / 2)
      array.set(old)
      return array
    }
    this.pieceOf = longer(this.pieceOf)
    this.entryOf = longer(this.entryOf)
  }
}

/** The file that is loaded into. */
class Target {
  private readonly task: BulkTask
  private readonly db: Database.Database
  private readonly tables: Map<string, { upsert: Database.Statement; remove: Database.Statement }>
  private readonly setMeta: Database.Statement<[string, string]>
  /** Nothing was in the tables. */
  private readonly empty: boolean
  /** Nothing was in the tables, or a load before did not come to its end: the schedules are sorted at the end, once. */
  private readonly unsorted: boolean

  constructor(open: typeof Database, task: BulkTask) {
    this.task = task
    this.db = new open(task.file)
    for (const pragma of task.pragmas) this.db.pragma(pragma)
    this.setMeta = this.db.prepare('INSERT INTO meta(k, v) VALUES (?, ?) ON CONFLICT DO UPDATE SET v = excluded.v')
    this.setMeta.run('clean', '0')
    this.empty = task.tables.every(({ first }) => this.db.prepare(first).get() === undefined)
    this.unsorted = this.empty || task.tables.some(({ scheduled }) => this.db.prepare(scheduled).get() === undefined)
    if (this.unsorted) for (const { dropSchedule } of task.tables) this.db.exec(dropSchedule)
    this.tables = new Map(
      task.tables.map(({ name, upsert, remove }) => [
        name,
        { upsert: this.db.prepare(upsert), remove: this.db.prepare(remove) },
      ]),
    )
  }

  /** One transaction: the rows and the position behind them. */
  write(latest: Latest, { position, checkpoint }: Pick<PackedEntries, 'position' | 'checkpoint'>): void {
    this.db.exec('BEGIN IMMEDIATE')
    try {
      latest.inOrder((key, value, due) => {
        const slash = key.indexOf('/')
        const table = this.tables.get(key.slice(0, slash))
        if (!table) return
        const row = key.slice(slash + 1)
        if (value) table.upsert.run(row, value, Number.isNaN(due) ? null : due)
        else table.remove.run(row)
      })
      this.setMeta.run('changelog', String(position))
      // Rows that were there before are as old as they were: what deletes them may have left the changelog long ago.
      if (this.empty) this.setMeta.run('loadedAt', String(this.task.startedAt))
      if (checkpoint) {
        this.setMeta.run('source', String(checkpoint.source))
        this.setMeta.run('time', String(checkpoint.time))
        const { topic, epoch } = checkpoint
        this.setMeta.run('origin', JSON.stringify({ topic, epoch })) // as partition-store.ts reads it
      }
      this.db.exec('COMMIT')
    } finally {
      if (this.db.inTransaction) this.db.exec('ROLLBACK')
    }
  }

  finish(): void {
    if (this.unsorted) for (const { createSchedule } of this.task.tables) this.db.exec(createSchedule)
  }

  close(clean: boolean): void {
    if (clean) this.setMeta.run('clean', '1')
    this.db.close()
  }
}

/** One load: the file, and what is held for it. */
class Load {
  private readonly task: BulkTask
  private readonly latest: Latest
  private readonly target: Target
  private last: Pick<PackedEntries, 'position' | 'checkpoint'> | undefined

  constructor(open: typeof Database, task: BulkTask, latest: Latest) {
    this.task = task
    this.latest = latest
    this.target = new Target(open, task)
  }

  add(entries: PackedEntries): void {
    this.latest.add(entries)
    const { position, checkpoint = this.last?.checkpoint } = entries
    this.last = { position, checkpoint }
    if (this.latest.bytes >= this.task.maxBytes) this.flush()
  }

  finish(): void {
    this.flush()
    this.target.finish()
    this.close(true)
  }

  /** Interrupted: what has been read is written, so that the next load goes on behind it. */
  stop(): void {
    this.flush()
    this.close(false)
  }

  close(clean: boolean): void {
    this.latest.clear()
    this.target.close(clean)
  }

  private flush(): void {
    if (this.last) this.target.write(this.latest, this.last)
    this.latest.clear()
    this.last = undefined
  }
}

async function work(): Promise<void> {
  const threads = await import('node:worker_threads')
  const { default: open } = await import('better-sqlite3')
  const port = threads.parentPort!
  const latest = new Latest()
  let load: Load | undefined
  const take = (order: BulkOrder): void => {
    if (order.kind === 'begin') load = new Load(open, order.task, latest)
    else if (!load) throw new Error('there is no load; it has failed before')
    else if (order.kind === 'add') load.add(order.entries)
    else if (order.kind === 'finish') load.finish()
    else load.stop()
    if (order.kind === 'finish' || order.kind === 'stop') load = undefined
  }
  port.on('message', (order: BulkOrder) => {
    let reply: BulkReply = { kind: 'done' }
    try {
      take(order)
    } catch (error) {
      const { message, code } = error as Error & { code?: string }
      load?.close(false)
      load = undefined
      reply = { kind: 'failed', message, code }
    }
    port.postMessage(reply)
  })
}

void work()
