import { BulkThread } from './bulk-thread'
import { BulkLoad, type BulkLimits } from './bulk-load'
import type { BulkLoader, BulkOptions } from './partition-store'

/** ms that an idle thread is kept: the next partition's load follows at once, or not at all. */
const KEPT = 5_000

/** The threads of a process that load; as many as are asked for at once, kept a moment for the next. */
export class BulkThreads implements BulkLoader {
  private readonly idle = new Map<BulkThread, NodeJS.Timeout>()

  /** Runs `work` with a load into `options.file`; whatever ends it, the file is closed then. */
  async load(options: BulkOptions, work: (load: BulkLoad) => Promise<void>, limits: BulkLimits = {}): Promise<void> {
    const thread = this.take()
    const load = new BulkLoad(thread, options, limits)
    try {
      await work(load)
      await load.finish()
    } finally {
      await load.stop()
      this.give(thread)
    }
  }

  async close(): Promise<void> {
    const threads = [...this.idle.keys()]
    for (const thread of threads) this.forget(thread)
    await Promise.all(threads.map((thread) => thread.close()))
  }

  private take(): BulkThread {
    for (const thread of this.idle.keys()) {
      this.forget(thread)
      if (!thread.usable) continue
      thread.wake()
      return thread
    }
    return new BulkThread()
  }

  private give(thread: BulkThread): void {
    if (!thread.usable) return
    thread.rest()
    const timer = setTimeout(() => {
      this.forget(thread)
      void thread.close()
    }, KEPT)
    this.idle.set(thread, timer.unref())
  }

  private forget(thread: BulkThread): void {
    clearTimeout(this.idle.get(thread))
    this.idle.delete(thread)
  }
}
