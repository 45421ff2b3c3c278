import { type Log, LogError, type Transaction, type Transactor } from '@quorate/log'

export type HangingCall = 'fence' | 'describeTopic' | 'offsets' | 'committed' | 'commit'

/** A log that leaves calls unanswered, as one whose brokers are away does for as long as it keeps trying. */
export interface HangingLog {
  readonly log: Log
  /** From now on this call of this topic, identity or group gets no answer; resolves when it has been made. */
  hang(call: HangingCall, of: string): Promise<void>
  /** Lets what hangs go on to the log; resolves once it has its answers. */
  release(): Promise<void>
  /** The next commit rejects with this error. */
  failCommit(error: LogError): void
  /** Fences that were given back, by their identity. */
  readonly closed: readonly string[]
}

export function hangingLog(inner: Log): HangingLog {
  let hung: { call: HangingCall; of: string; made: () => void } | undefined
  let failing: LogError | undefined
  let waiting: { go: () => void; done: Promise<unknown> }[] = []
  const closed: string[] = []

  const through = <T>(call: HangingCall, of: string, answer: () => Promise<T>): Promise<T> => {
    if (hung?.call !== call || hung.of !== of) return answer()
    hung.made()
    let go!: () => void
    const done = new Promise<void>((resolve) => (go = resolve)).then(answer)
    waiting.push({ go, done })
    return done
  }
  const mortal = (transactor: Transactor): Transactor => ({
    id: transactor.id,
    commit: (transaction: Transaction) => {
      const error = failing
      failing = undefined
      return error ? Promise.reject(error) : through('commit', transactor.id, () => transactor.commit(transaction))
    },
    close: () => (closed.push(transactor.id), transactor.close()),
  })
  const log = new Proxy(inner, {
    get: (target, name, receiver) => {
      const value: unknown = Reflect.get(target, name, receiver)
      if (name === 'fence') return (id: string) => through('fence', id, async () => mortal(await target.fence(id)))
      if (name === 'describeTopic' || name === 'offsets' || name === 'committed')
        return (of: string, ...rest: never[]) =>
          through(name, of, () => (value as (...all: unknown[]) => Promise<unknown>).call(target, of, ...rest))
      return typeof value === 'function' ? (value as () => unknown).bind(target) : value
    },
  })
  return {
    log,
    closed,
    hang: (call, of) => new Promise((made) => (hung = { call, of, made })),
    release: async () => {
      hung = undefined
      const all = waiting
      waiting = []
      for (const { go } of all) go()
      await Promise.allSettled(all.map(({ done }) => done))
    },
    failCommit: (error) => {
      failing = error
    },
  }
}
