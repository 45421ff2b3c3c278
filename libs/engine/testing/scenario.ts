import { Readable, Writable } from 'node:stream'
import { writeFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Cause, PolicyInput, View } from '@quorate/contracts'
import { readPolicies } from '../src/simulation/policies-file'
import { simulateLines } from '../src/simulation/simulate-lines'
import type { ScenarioLine } from '../../vote/testing/scenario-line'
import { type Rules, Settings } from '@quorate/vote'

export type { ScenarioLine } from '../../vote/testing/scenario-line'

export interface EventLine {
  readonly id: string
  readonly type: string
  readonly time: number
  readonly subject: string
  readonly data: View | null
  readonly cause?: Cause
}

/** The output, in order. */
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
  const texts = { output: '' }
  const output = new Writable({
    write(chunk: Buffer, _encoding, done) {
      texts.output += chunk.toString('utf8')
      done()
    },
  })
  try {
    const policiesFile = join(dir, 'policies.json')
    if (options.policies !== undefined) await writeFile(policiesFile, JSON.stringify(options.policies))
    const settings = new Settings(options.rules)
    const refusal = options.policies === undefined ? undefined : await readPolicies(policiesFile, settings)
    if (refusal !== undefined) return { code: 1, text: '', errors: refusal }
    await simulateLines({ settings, input: Readable.from([Buffer.from(input)]), output })
    return { code: 0, text: texts.output, errors: '' }
  } finally {
    await rm(dir, { recursive: true })
  }
}

export const parseOutput = (text: string): OutputLine[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as OutputLine)
