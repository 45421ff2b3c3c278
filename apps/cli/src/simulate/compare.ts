import type { Writable } from 'node:stream'
import { rfc3339, type State } from '@quorate/contracts'
import { Settings, type Rules } from '@quorate/vote'
import { printable } from '../text'
import { Engine, lines, Output, readPolicies, replayRecord, Scenario } from '@quorate/engine/core'
import { type Difference, type Move, Pair } from './pair'
import { LeftOut } from './left-out'
import { isTopic, note, type Input } from './simulate'
import { recordsOf, stretches } from './source-topic'

export interface CompareOptions {
  /**
   * Two files of policies, JSON arrays: each is in force throughout; policies that the input itself sets are ignored.
   */
  readonly files: readonly [string, string]
  readonly input: Input
  readonly output: Writable
  readonly errors: Writable
  readonly json: boolean
  readonly rules?: Rules
}

export interface Summary {
  /** Changes of effective states. */
  readonly changes: { readonly a: number; readonly b: number }
  readonly rejected: { readonly a: number; readonly b: number }
  /** Objects whose state changed at all, and those of them that were decided differently. */
  readonly objects: number
  readonly different: number
}

const NOTHING: Summary = { changes: { a: 0, b: 0 }, rejected: { a: 0, b: 0 }, objects: 0, different: 0 }

const added = (sum: Summary, { a, b, objects, different }: Pair): Summary => ({
  changes: { a: sum.changes.a + a.changes, b: sum.changes.b + b.changes },
  rejected: { a: sum.rejected.a + a.refused, b: sum.rejected.b + b.refused },
  objects: sum.objects + objects,
  different: sum.different + different,
})

/**
 * `quorate simulate --compare`: what two sets of policies decide differently over the same input. Resolves with the
 * exit code.
 */
export async function runCompare(options: CompareOptions): Promise<number> {
  const { files, input, output, errors, json, rules } = options
  const settings = async (file: string): Promise<Settings | string> => {
    const fresh = new Settings(rules)
    return (await readPolicies(file, fresh)) ?? fresh
  }
  const refused = (await Promise.all(files.map(settings))).filter((it) => typeof it === 'string')
  if (refused.length > 0) {
    errors.write(`${refused.join('\n')}\nNothing was simulated.\n`)
    return 1
  }
  const out = new Output(output)
  const told = (difference: Difference) =>
    out.write(json ? `${JSON.stringify({ difference })}\n` : differenceText(difference, files))
  let sum = NOTHING
  const pairOf = async (partition?: number): Promise<{ pair: Pair; engines: Engine[] }> => {
    const pair = new Pair(partition, told)
    const at = { fixedPolicies: true, ...(partition === undefined ? {} : { partition }) }
    const [a, b] = (await Promise.all(files.map(settings))) as [Settings, Settings]
    return { pair, engines: [new Engine(pair.a, a, at), new Engine(pair.b, b, at)] }
  }
  if (isTopic(input)) {
    for (const stretch of await stretches(input.log, input.topic, input.partition)) {
      note(stretch, errors)
      const { pair, engines } = await pairOf(stretch.partition)
      const leftOut = await LeftOut.ofSource(input.log, input.topic, stretch.partition)
      for await (const records of recordsOf(input.log, stretch)) {
        for (const record of records) {
          for (const engine of engines) replayRecord(engine, record, stretch, leftOut)
          pair.step()
        }
        await out.flush()
      }
      sum = added(sum, pair)
    }
  } else {
    const { pair, engines } = await pairOf()
    const scenario = new Scenario(...engines)
    for await (const batch of lines(input)) {
      for (const line of batch) {
        scenario.take(line)
        pair.step()
      }
      await out.flush()
    }
    sum = added(sum, pair)
  }
  out.write(json ? `${JSON.stringify({ summary: sum })}\n` : summaryText(sum, files))
  await out.flush()
  return 0
}

const sideText = (side: Move | { readonly state: State }): string =>
  'from' in side
    ? `${side.from} > ${side.state}${side.cause === null ? '' : ` (${side.cause})`}`
    : `stays ${side.state}`

const differenceText = ({ object, at, a, b }: Difference, [fileA, fileB]: readonly [string, string]): string =>
  `${printable(object)}  ${rfc3339(at)}\n  ${fileA}: ${sideText(a)}\n  ${fileB}: ${sideText(b)}\n`

const counted = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`

function summaryText({ changes, rejected, objects, different }: Summary, [a, b]: readonly [string, string]): string {
  const refusals = rejected.a === rejected.b ? '' : `; ${rejected.b} instead of ${rejected.a} rejected`
  return (
    `${counted(changes.b, 'change')} instead of ${changes.a} (${b} instead of ${a})${refusals}; ` +
    `${different} of ${counted(objects, 'object')} decided differently.\n`
  )
}
