import { Command } from 'commander'
import type { ReportInput } from '@quorate/client'
import { integer, instant, json, span, withServer } from './command-line'
import { UsageError } from '../exit'
import { viewText } from '../screen'
import { reportFile } from './report-file'

interface ReportFlags {
  readonly agent?: string
  readonly seq?: number
  readonly session?: string
  readonly ttl?: number
  readonly observedAt?: string
  readonly evidence?: unknown
  readonly wait?: number
  readonly file?: string
}

/** Commands for agents. */
export function agentCommands(): Command[] {
  return [
    new Command('report')
      .description("Reports an agent's state of an object, or many from a file.")
      .argument('[object]', 'object id, e.g. site/x')
      .argument('[state]', 'e.g. up, down; unknown abstains')
      .option('--agent <id>', 'the reporting agent (required with an object)')
      .option('--ttl <duration>', 'how long the report is valid, e.g. 30s', span)
      .option('--seq <n>', "the agent's own counter: reports that are not higher are ignored", integer)
      .option('--session <id>', 'changes when the counter starts again')
      .option('--observed-at <time>', 'when it was observed, RFC 3339', instant)
      .option('--evidence <json>', 'any JSON that supports the report', json)
      .option('--wait [duration]', 'waits until the report is applied and shows the object (5s)', (text: string) =>
        span(text),
      )
      .option('--file <path>', 'one JSON report per line; - is stdin')
      .addHelpText(
        'after',
        '\nExamples:\n  quorate report site/x down --agent probe-1 --ttl 90s --wait\n  quorate report --file ' +
          '- < reports.jsonl',
      )
      .action(
        withServer<[string | undefined, string | undefined], ReportFlags>(
          async ({ client, screen, options }, object, state) => {
            if (options.file !== undefined) {
              if (object !== undefined) throw new UsageError('Give either an object and a state, or --file.')
              return reportFile(client, screen, options.file)
            }
            if (object === undefined || state === undefined || options.agent === undefined)
              throw new UsageError(
                'An object, a state and --agent are needed: quorate report site/x down --agent probe-1',
              )
            const { wait } = options as { wait?: number | true }
            const seconds = wait === undefined ? undefined : wait === true ? 5 : wait / 1000
            const written = await client.report(
              object,
              options.agent,
              reportOf(state, options),
              seconds === undefined ? {} : { wait: seconds },
            )
            await screen.print(written, (ink) =>
              written.view ? viewText(written.view, ink) : `in the log at ${written.position}\n`,
            )
          },
        ),
      ),
  ]
}

function reportOf(state: string, { seq, session, ttl, observedAt, evidence }: ReportFlags): ReportInput {
  return {
    state,
    ...(seq === undefined ? {} : { seq }),
    ...(session === undefined ? {} : { session }),
    ...(ttl === undefined ? {} : { ttl }),
    ...(observedAt === undefined ? {} : { observedAt }),
    ...(evidence === undefined ? {} : { evidence }),
  }
}
