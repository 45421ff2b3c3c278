import { writeSync } from 'node:fs'
import { workerData } from 'node:worker_threads'

// As in shared-decision.ts: a worker thread resolves no aliases, so it imports nothing of this project.
interface WatchData {
  readonly numbers: Int32Array
  readonly text: Uint8Array
  readonly patienceMs: number
  readonly everyMs: number
}
const [TURN, PARTITION, TEXT_BYTES] = [0, 1, 2]
const { numbers, text, patienceMs, everyMs } = workerData as WatchData
let seen = 0
let since = 0
let next = patienceMs

/** The main thread is inside the rule and cannot log, respond or stop. */
setInterval(() => {
  const turn = Atomics.load(numbers, TURN)
  if (turn % 2 === 0) return
  const now = performance.now()
  if (turn !== seen) [seen, since, next] = [turn, now, patienceMs]
  const ms = now - since
  if (ms < next) return
  next *= 2
  const bytes = Buffer.from(text.subarray(0, numbers[TEXT_BYTES]))
  const partition = numbers[PARTITION]!
  const fields = {
    ...(partition < 0 ? {} : { partition }),
    seconds: Math.round(ms / 1000),
    ...(JSON.parse(bytes.toString('utf8')) as object),
  }
  if (Atomics.load(numbers, TURN) !== turn) return
  const msg =
    'a rule registered in code has not returned: it blocks this whole process, which does not respond ' +
    'meanwhile; end the process, and fix the rule, or start without it and delete the policy'
  writeSync(1, `${JSON.stringify({ level: 50, time: new Date().toISOString(), app: 'aggregator', ...fields, msg })}\n`)
}, everyMs)
