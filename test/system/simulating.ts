import { join } from 'node:path'
import type { LogRecord } from '@quorate/log'
import { ROOT } from './harness'
import { run } from './process'
import { scenarioLine } from './topic-reading'

export interface SimulatedEvent {
  readonly id: string
  readonly type: string
  readonly time: number
  readonly subject: string
  readonly data: unknown
  readonly cause?: string
}

export interface Simulated {
  readonly events: readonly SimulatedEvent[]
  /** Views at the end, in the order of the request. */
  readonly looks: readonly unknown[]
  readonly rejected: readonly unknown[]
}

/**
 * What `quorate simulate` decides for one partition of the source; then looks at `objects` at the time of the last
 * record.
 */
export async function simulate(records: readonly LogRecord[], objects: readonly string[] = []): Promise<Simulated> {
  const at = records.at(-1)?.timestamp ?? 0
  const looks = objects.map((object) => JSON.stringify({ at, type: 'look', object }))
  const input = [...records.map(scenarioLine), ...looks].map((line) => `${line}\n`).join('')
  const { code, process: cli } = await run(process.execPath, {
    args: [join(ROOT, 'dist/apps/cli/src/main.js'), 'simulate'],
    input,
  })
  if (code !== 0) throw new Error(`simulate ended with ${code}\n${cli.stderr.join('\n')}`)
  const lines = cli.stdout.map(
    (line) => JSON.parse(line) as { event?: SimulatedEvent; look?: unknown; rejected?: unknown },
  )
  return {
    events: lines.flatMap(({ event }) => event ?? []),
    looks: lines.filter((line) => 'look' in line).map(({ look }) => look),
    rejected: lines.flatMap(({ rejected }) => rejected ?? []),
  }
}
