import { once } from 'node:events'
import { extname, join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { StoreError } from './errors'
import type { PackedEntries } from './packed-entries'

/** A load, as its thread is told of it. */
export interface BulkTask {
  readonly file: string
  readonly pragmas: readonly string[]
  readonly maxBytes: number
  readonly startedAt: number
  readonly tables: readonly TableSql[]
}

/** The statements for one table. */
export interface TableSql {
  readonly name: string
  readonly first: string
  readonly upsert: string
  readonly remove: string
  readonly scheduled: string
  readonly dropSchedule: string
  readonly createSchedule: string
}

export type BulkOrder =
  | { readonly kind: 'begin'; readonly task: BulkTask }
  | { readonly kind: 'add'; readonly entries: PackedEntries }
  | { readonly kind: 'finish' }
  | { readonly kind: 'stop' }

/** One for each order. After `failed` the file is closed, and all orders but `begin` are answered so. */
export type BulkReply =
  { readonly kind: 'done' } | { readonly kind: 'failed'; readonly message: string; readonly code: string | undefined }

interface Awaited {
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

/** A thread that loads one file after the other: starting one costs as much as loading 50,000 rows. */
export class BulkThread {
  private readonly worker: Worker
  private readonly waiting: Awaited[] = []
  private gone: Error | undefined

  constructor() {
    // Beside this file, compiled or not.
    this.worker = new Worker(join(__dirname, `bulk-worker${extname(__filename)}`))
    this.worker.on('message', (reply: BulkReply) => {
      const { resolve, reject } = this.waiting.shift()!
      if (reply.kind === 'done') resolve()
      else reject(Object.assign(new Error(reply.message), { code: reply.code }))
    })
    this.worker.on('error', (error: unknown) => this.end(error as Error))
    this.worker.on('exit', () => this.end(new StoreError('STORE_CLOSED', 'the thread that loads has ended')))
  }

  /** Orders are taken one after the other; resolves when this one is done. */
  order(order: BulkOrder, transfer: readonly ArrayBufferLike[] = []): Promise<void> {
    if (this.gone) return Promise.reject(this.gone)
    this.worker.postMessage(order, transfer as ArrayBuffer[])
    return new Promise((resolve, reject) => this.waiting.push({ resolve, reject }))
  }

  /** Between two loads it holds up no process that wants to end. */
  rest(): void {
    this.worker.unref()
  }
  wake(): void {
    this.worker.ref()
  }

  async close(): Promise<void> {
    if (this.gone) return
    const exited = once(this.worker, 'exit')
    await this.worker.terminate()
    await exited.catch(() => undefined)
  }

  get usable(): boolean {
    return !this.gone
  }

  private end(error: Error): void {
    this.gone ??= error
    for (const { reject } of this.waiting.splice(0)) reject(this.gone)
  }
}
