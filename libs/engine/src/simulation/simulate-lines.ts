import type { Readable, Writable } from 'node:stream'
import type { Settings } from '@quorate/vote'
import { Engine } from '../replay/engine'
import { lines } from './lines'
import { Output } from './output'
import { outputLines } from './output-lines'
import { Scenario } from './scenario'

export interface SimulateLinesOptions {
  /** Policies and rules in force before line 0. */
  readonly settings: Settings
  readonly input: Readable
  /** Events, looks and rejections: JSON lines. */
  readonly output: Writable
}

/** Runs the vote over a scenario of JSON lines (vote.md 11), in this process and in constant memory. */
export async function simulateLines({ settings, input, output }: SimulateLinesOptions): Promise<void> {
  const out = new Output(output)
  const scenario = new Scenario(new Engine(outputLines(out.write), settings))
  for await (const batch of lines(input)) {
    for (const line of batch) {
      scenario.take(line)
      if (out.full) await out.flush()
    }
    // Show decisions at once: a scenario may be typed by hand.
    await out.flush()
  }
}
