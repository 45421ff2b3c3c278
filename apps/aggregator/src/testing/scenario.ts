import { Readable, Writable } from 'node:stream'
import { writeFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Cause, ObjectId, PolicyInput, View } from '@quorate/contracts'
import { runSimulate } from '../../../cli/src/simulate'
import type { Rules } from '../vote'

/** A line of a scenario as `simulate` takes it. Times in ms. */
export interface ScenarioLine {
  readonly at: number
  readonly object?: ObjectId
  readonly type: string
  readonly data?: unknown
}

export interface EventLine {
  readonly id: string
  readonly type: string
  readonly time: number
  readonly subject: string
  readonly data: View | null
  readonly cause?: Cause
}

/** What comes out, in order. */
export type OutputLine =
  | { readonly event: EventLine }
  | { readonly look: View | null }
  | { readonly rejected: { readonly line: number; readonly reason: string } }

export const toJsonLines = (lines: readonly ScenarioLine[]): string =>
  lines.map((line) => `${JSON.stringify(line)}\n`).join('')

/** Runs `simulate` in this process. */
export async function simulate(
  input: string,
  options: { readonly policies?: readonly PolicyInput[]; readonly rules?: Rules } = {},
): Promise<{ code: number; text: string; errors: string }> {
  const dir = await mkdtemp(join(tmpdir(), 'simulate-'))
  const texts = { output: '', errors: '' }
  const sink = (name: keyof typeof texts) =>
    new Writable({
      write(chunk: Buffer, _encoding, done) {
        texts[name] += chunk.toString('utf8')
        done()
      },
    })
  try {
    const policiesFile = join(dir, 'policies.json')
    if (options.policies !== undefined) await writeFile(policiesFile, JSON.stringify(options.policies))
    const code = await runSimulate({
      ...(options.policies === undefined ? {} : { policiesFile }),
      ...(options.rules === undefined ? {} : { rules: options.rules }),
      input: Readable.from([Buffer.from(input)]),
      output: sink('output'),
      errors: sink('errors'),
    })
    return { code, text: texts.output, errors: texts.errors }
  } finally {
    await rm(dir, { recursive: true })
  }
}

export const parseOutput = (text: string): OutputLine[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as OutputLine)
