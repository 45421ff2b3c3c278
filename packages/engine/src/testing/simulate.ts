import type { PolicyInput } from '@quorate/contracts'
import type { Rules } from '@quorate/vote'
import { type EventLine, parseOutput, simulate as run, toJsonLines } from '../../../../libs/engine/testing/scenario'
import type { ScenarioLine } from '../../../../libs/vote/testing/scenario-line'

export interface SimulateOptions {
  readonly policies?: readonly PolicyInput[]
  readonly rules?: Rules
}

/**
 * Runs reports and commands through the engine and returns every change of a state, in order. `at` is the time of a
 * line in ms; time advances by the lines alone, so the same lines give the same changes.
 * @throws Error when a policy or a line is refused
 */
export async function simulate(
  lines: readonly ScenarioLine[],
  options: SimulateOptions = {},
): Promise<readonly EventLine[]> {
  const { code, text, errors } = await run(toJsonLines(lines), options)
  if (code !== 0) throw new Error(errors)
  return parseOutput(text).flatMap((line) => {
    if ('rejected' in line) throw new Error(`lines[${line.rejected.line}] was refused: ${line.rejected.reason}`)
    return 'event' in line ? [line.event] : []
  })
}
