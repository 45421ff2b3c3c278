import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import { Settings, type Rules } from '../../../aggregator/src/vote'
import { lines } from './lines'
import { readPolicies } from './policies-file'
import { Scenario } from './scenario'

export interface SimulateOptions {
  /** Policies in force before line 0: a JSON array. */
  readonly policiesFile?: string
  /** The scenario: JSON lines. */
  readonly input: Readable
  /** Events, looks and rejections: JSON lines. */
  readonly output: Writable
  /** Why the run could not begin. */
  readonly errors: Writable
  /** Rules registered in code. */
  readonly rules?: Rules
}

/** Characters gathered before they are written. */
const CHUNK = 1 << 16

/** `quorate simulate` (vote.md 11). Resolves with the exit code: 0, or 1 where a policy is refused. Streams in constant memory. */
export async function runSimulate({ policiesFile, input, output, errors, rules }: SimulateOptions): Promise<number> {
  const settings = new Settings(rules)
  const refused = policiesFile === undefined ? undefined : await readPolicies(policiesFile, settings)
  if (refused !== undefined) {
    errors.write(`${refused}\nNothing was simulated.\n`)
    return 1
  }
  let pending = ''
  const scenario = new Scenario((line) => {
    pending += line
  }, settings)
  for await (const batch of lines(input)) {
    for (const line of batch) {
      scenario.take(line)
      if (pending.length > CHUNK) {
        await write(output, pending)
        pending = ''
      }
    }
    // What is decided is shown at once: a scenario may be typed by hand.
    await write(output, pending)
    pending = ''
  }
  return 0
}

async function write(output: Writable, text: string): Promise<void> {
  if (text !== '' && !output.write(text)) await once(output, 'drain')
}
