import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import type { BulkReport, QuorateClient } from '@quorate/client'
import { TOO_DEEP, tooDeepAt } from '@quorate/contracts/json'
import { EXIT, UsageError } from '../exit'
import { jsonOf } from './command-line'
import type { Screen } from '../screen'

/**
 * Sends a file of reports, one JSON object per line. Lists what the server rejects by line on stderr; the exit code is
 * then 1.
 */
export async function reportFile(client: QuorateClient, screen: Screen, path: string): Promise<void> {
  const lineOf: number[] = []
  const answer = await client.reportAll(reports(path, lineOf))
  for (const { index, reason } of answer.rejected) process.stderr.write(`line ${lineOf[index]}: ${reason}\n`)
  await screen.print(answer, () => `${answer.accepted} in the log, ${answer.rejected.length} rejected\n`)
  if (answer.rejected.length > 0) process.exitCode = EXIT.refused
}

/** Fills `lineOf` with the line number of each report, because blank lines are skipped. */
async function* reports(path: string, lineOf: number[]): AsyncGenerator<BulkReport> {
  const input = path === '-' ? process.stdin : createReadStream(path)
  let number = 0
  for await (const line of createInterface({ input, crlfDelay: Infinity })) {
    number++
    if (line.trim() === '') continue
    lineOf.push(number)
    yield parse(line, number)
  }
}

function parse(line: string, number: number): BulkReport {
  const report = jsonOf(line)
  const deep = report === undefined ? undefined : tooDeepAt(report)
  if (report !== undefined && deep === undefined) return report as BulkReport
  const what = report === undefined ? 'is not JSON' : `is refused: ${deep} ${TOO_DEEP}`
  throw new UsageError(
    `Line ${number} ${what}. The reports before it may have been sent; sending them again changes only their time.`,
  )
}
