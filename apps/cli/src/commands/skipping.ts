import { LIMITS } from '@quorate/contracts/json'
import { Command, InvalidArgumentError } from 'commander'
import { confirmed } from '../confirmation'
import type { Partitions } from '@quorate/client'
import { askAggregator, askNotifier } from '../connection'
import { EXIT, UsageError } from '../exit'
import { Screen } from '../screen'
import { integer } from './command-line'
import { directly, type DirectOptions, withDirect } from './directly'

interface SkipOptions extends DirectOptions {
  readonly reason: string
  readonly through?: number
}

function reason(text: string): string {
  if (text.length === 0 || text.length > LIMITS.reasonCharacters)
    throw new InvalidArgumentError(`It must have 1 to ${LIMITS.reasonCharacters} characters.`)
  return text
}

/** The last resort for a record that stops a partition. */
export const skipCommand = () =>
  withDirect(
    new Command('skip')
      .description('Skips a record of the source that stops a partition. The last resort.')
      .argument('<position>', 'partition and offset of the record: 3@1234')
      .requiredOption('--reason <text>', 'reason, stored with the dead letter', reason)
      .option('--through <offset>', 'skips everything up to this offset, unread', integer),
  )
    .addHelpText(
      'after',
      `
A record that fails is refused automatically and becomes a dead letter. This is for the rest: a record that
crashes every process, or a batch that cannot be read (--through its last offset). It then has no effect, and
is stored as one dead letter with your name and the reason. The condition in quorate_condition or
/readyz?verbose shows the partition's position, as does CURRENT-OFFSET of kafka-consumer-groups.sh --describe.

Examples:
  quorate skip 3@1234 --reason "no process survives it"
  quorate skip 3@1234 --through 1240 --reason "the batch cannot be read"
  quorate skip 3@1234 --notifier --reason "the notifier does not survive it"
  quorate skip 3@1234 --direct --brokers localhost:9092 --reason "it kills every process that starts"`,
    )
    .action(async (position: string, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<SkipOptions>()
      const at = /^(\d{1,6})@(\d{1,15})$/.exec(position)
      if (at === null) throw new UsageError('Name the record by partition and offset, such as 3@1234.')
      const [partition, offset] = [Number(at[1]), Number(at[2])]
      const { through, json = false } = options
      if (through !== undefined && through < offset) throw new UsageError('--through must be at least the offset.')
      const what =
        through === undefined ? `The record at ${position}` : `Everything from ${position} to ${through}, unread,`
      const said =
        `${what} will be skipped: it will have no effect, and become a dead letter with your name and the ` +
        'reason. This cannot be undone.'
      if (!(await confirmed(said, options.yes === true))) return void (process.exitCode = EXIT.refused)
      const input = { offset, ...(through === undefined ? {} : { through }), reason: options.reason }
      const screen = new Screen(json)
      if (options.direct) return skipDirectly(screen, options, { partition, ...input })
      const ask = async ({ partitions }: { readonly partitions: Pick<Partitions, 'skip'> }) => {
        const answer = await partitions.skip(partition, input)
        await screen.print(answer, () =>
          answer.outcome === 'skipped'
            ? `${position} is skipped by ${answer.by}: dead letter ${answer.deadLetter}\n`
            : `${position} will be skipped when partition ${partition} reaches it\n`,
        )
      }
      await (options.notifier ? askNotifier(options, ask) : askAggregator(options, ask))
    })

/** ms to wait for the partition: usually no process runs it. */
const DIRECT_WAIT = 2_000

async function skipDirectly(
  screen: Screen,
  options: SkipOptions,
  request: { partition: number; offset: number; through?: number; reason: string },
): Promise<void> {
  const { requestSkip } = await import('@quorate/streams')
  await directly(options, async (log, to, by) => {
    const answer = await requestSkip(log, to, { ...request, by }, DIRECT_WAIT)
    const { partition, offset } = request
    const place = `${partition}@${offset}`
    switch (answer.outcome) {
      case 'no-partition':
        throw new UsageError(`There is no partition ${partition}: the source has 0 to ${answer.partitions - 1}.`)
      case 'beyond-end':
        throw new UsageError(`Nothing was skipped: partition ${partition} ends at ${answer.end}.`)
      case 'applied':
        throw new UsageError(
          `Nothing was skipped: ${place} has already been applied; partition ${partition} is at ` +
            `${answer.position}.`,
        )
      case 'skipped':
        return screen.print(answer, () => `${place} is skipped by ${answer.by}: dead letter 0@${answer.deadLetter}\n`)
      case 'noted':
        return screen.print(
          answer,
          () => `${place} will be skipped by the next process that runs partition ${partition}\n`,
        )
    }
  })
}
