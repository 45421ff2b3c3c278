import type { Readable, Writable } from 'node:stream'
import type { Log } from '@quorate/log'
import { Settings, type Rules } from '@quorate/vote'
import { Engine, Output, outputLines, readPolicies, replayRecord, simulateLines } from '@quorate/engine/core'
import { LeftOut } from './left-out'
import { recordsOf, stretches, type Stretch } from './source-topic'

/** What is replayed: JSON lines, or a source topic. */
export type Input = Readable | TopicInput

export interface TopicInput {
  readonly log: Log
  readonly topic: string
  /** Only this partition. */
  readonly partition?: number
}

export interface SimulateOptions {
  /** Policies in force before line 0: a JSON array. */
  readonly policiesFile?: string
  readonly input: Input
  /** Events, looks and rejections: JSON lines. */
  readonly output: Writable
  /** Why the run could not start, and notes about it. */
  readonly errors: Writable
  /** Rules registered in code. */
  readonly rules?: Rules
}

export const isTopic = (input: Input): input is TopicInput => 'log' in input

/**
 * `quorate simulate` (vote.md 11). Resolves with the exit code: 0, or 1 if a policy is refused. Streams in constant
 * memory.
 */
export async function runSimulate({ policiesFile, input, output, errors, rules }: SimulateOptions): Promise<number> {
  const settings = async (): Promise<Settings | string> => {
    const fresh = new Settings(rules)
    return (policiesFile === undefined ? undefined : await readPolicies(policiesFile, fresh)) ?? fresh
  }
  const first = await settings()
  if (typeof first === 'string') {
    errors.write(`${first}\nNothing was simulated.\n`)
    return 1
  }
  const out = new Output(output)
  if (!isTopic(input)) {
    await simulateLines({ settings: first, input, output })
    return 0
  }
  for (const stretch of await stretches(input.log, input.topic, input.partition)) {
    note(stretch, errors)
    const { partition } = stretch
    // The settings change along the log, so each partition starts with its own copy.
    const leftOut = await LeftOut.ofSource(input.log, input.topic, partition)
    const engine = new Engine(outputLines(out.write, partition), (await settings()) as Settings, { partition })
    for await (const records of recordsOf(input.log, stretch)) {
      for (const record of records) {
        replayRecord(engine, record, stretch, leftOut)
        if (out.full) await out.flush()
      }
      await out.flush()
    }
  }
  return 0
}

/** What deleted records decided is unknown. */
export function note({ topic, partition, start }: Stretch, errors: Writable): void {
  if (start > 0)
    errors.write(
      `${topic}/${partition} begins at offset ${start}: older records were deleted, and their effects are ` +
        `unknown.\n`,
    )
}
