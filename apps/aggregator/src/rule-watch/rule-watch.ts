import { extname, join } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { ObjectId } from '@quorate/contracts'
import type { Logger } from '@quorate/log'
import type { Rule, Rules } from '@quorate/vote'
import { NUMBERS, PARTITION, TEXT_BYTES, TEXT_MOST, TURN, type WatchData } from './shared-decision'

export interface RuleWatchOptions {
  readonly logger: Logger
  /** ms that a decision may take before it is reported; 10,000 by default. */
  readonly patienceMs?: number
}

const PATIENCE = 10_000
const encoder = new TextEncoder()

/**
 * Reports a rule registered in code that does not return, with its policy and object. While it runs, this thread can
 * neither log nor respond, so another thread watches. A rule that returns late is also reported, by this thread.
 */
export class RuleWatch {
  readonly #numbers = new Int32Array(new SharedArrayBuffer(NUMBERS * 4))
  readonly #text = new Uint8Array(new SharedArrayBuffer(TEXT_MOST))
  readonly #worker: Worker
  readonly #patienceMs: number
  #partition = -1
  #object: ObjectId | undefined

  constructor(private readonly options: RuleWatchOptions) {
    const { patienceMs = PATIENCE } = options
    this.#patienceMs = patienceMs
    const data: WatchData = {
      numbers: this.#numbers,
      text: this.#text,
      patienceMs,
      everyMs: Math.min(1_000, patienceMs / 4),
    }
    // Beside this file, compiled or not.
    this.#worker = new Worker(join(__dirname, `rule-watch-worker${extname(__filename)}`), { workerData: data })
    this.#worker.unref()
    this.#worker.on('error', (error: unknown) =>
      options.logger.error(
        { err: error },
        'rules registered in code are not watched, because the thread for it has ended; nothing else is affected',
      ),
    )
  }

  /** Called with the object that is decided next. */
  turnsTo(partition: number, object: ObjectId): void {
    this.#partition = partition
    this.#object = object
  }

  /** Wraps the rules. `ofObjects`: `turnsTo` names the object of each decision; otherwise it is a trial. */
  watched(rules: Rules, ofObjects = true): Rules {
    return new Map([...rules].map(([name, rule]) => [name, this.#watched(name, rule, ofObjects)]))
  }

  async close(): Promise<void> {
    await this.#worker.terminate()
  }

  #watched(name: string, rule: Rule, ofObjects: boolean): Rule {
    return (participants, policy, previous) => {
      const object = ofObjects ? this.#object : undefined
      const partition = ofObjects ? this.#partition : -1
      const told = { rule: name, policy: policy.name, ...(object === undefined ? {} : { object }) }
      this.#numbers[PARTITION] = partition
      this.#numbers[TEXT_BYTES] = encoder.encodeInto(JSON.stringify(told), this.#text).written
      Atomics.add(this.#numbers, TURN, 1)
      const begun = performance.now()
      try {
        return rule(participants, policy, previous)
      } finally {
        Atomics.add(this.#numbers, TURN, 1)
        const ms = Math.round(performance.now() - begun)
        if (ms >= this.#patienceMs / 10)
          this.options.logger.warn(
            { ...(partition < 0 ? {} : { partition }), ...told, ms },
            'a rule registered in code took long and blocked this process meanwhile',
          )
      }
    }
  }
}
