import { Command } from 'commander'
import { confirmed } from '../confirmation'
import { type Partitions, ProblemError } from '@quorate/client'
import { askAggregator, askNotifier } from '../connection'
import { EXIT, UsageError } from '../exit'
import { Screen } from '../screen'
import { integer } from './command-line'
import { directly, type DirectOptions, withDirect } from './directly'

interface Options extends DirectOptions {
  readonly topic?: string
}
interface Waiting {
  readonly code: string
  readonly partition: number
  readonly reason: string
  readonly detail?: string
}

/** Confirms a source that differs from the one applied. */
export const acknowledgeSourceCommand = () =>
  withDirect(
    new Command('acknowledge-source')
      .description('Lets partitions continue with their current source, although it is not the log that was applied.')
      .argument('[partition]', 'only this partition; default: all that wait for it', integer)
      .option('--topic <id>', 'only if this is the current topic id'),
  )
    .addHelpText(
      'after',
      `
For STREAMS_SOURCE_REPLACED and STREAMS_SOURCE_TRUNCATED, when the right log cannot be brought back
(docs/operations.md, "The source is another log"). What was applied stays; what the source contains now is
applied, from where it differs.

Example:
  quorate acknowledge-source 3`,
    )
    .action(async (partition: number | undefined, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<Options>()
      const act = options.direct ? acknowledgeDirectly : options.notifier ? acknowledgeAtNotifier : acknowledge
      await act(options, partition)
    })

const WAITING = ['STREAMS_SOURCE_REPLACED', 'STREAMS_SOURCE_TRUNCATED']

async function acknowledge(options: Options, only: number | undefined): Promise<void> {
  const screen = new Screen(options.json === true)
  await askAggregator(options, async (client) => {
    const { members } = (await client.cluster()) as { members: readonly { conditions?: readonly Waiting[] | null }[] }
    const waiting = members
      .flatMap(({ conditions }) => conditions ?? [])
      .filter((it) => WAITING.includes(it.code) && (only === undefined || it.partition === only))
    const partitions = only === undefined ? waiting.map(({ partition }) => partition) : [only]
    if (partitions.length === 0) return void (await screen.print([], () => 'no partition waits for that\n'))
    const said = [
      ...waiting.map(({ partition, detail, reason: why }) => `partition ${partition}: ${detail ?? why}`),
      'They will continue with their current source. Records that it has lost are not restored. This cannot be undone.',
    ].join('\n')
    if (!(await confirmed(said, options.yes === true))) return void (process.exitCode = EXIT.refused)
    for (const partition of partitions) await acknowledgeOne(screen, client.partitions, partition, options.topic)
  })
}

async function acknowledgeOne(screen: Screen, partitions: Partitions, partition: number, topic: string | undefined) {
  const answer = await partitions.acknowledgeSource(partition, topic)
  await screen.print({ partition, ...answer }, () =>
    answer.outcome === 'acknowledged'
      ? `partition ${partition} continues with the topic ${answer.topic}\n`
      : `partition ${partition} will continue with the topic ${answer.topic}\n`,
  )
}

/** Without a partition each is asked in turn: those that do not wait refuse, and behind the last there is none. */
async function acknowledgeAtNotifier(options: Options, only: number | undefined): Promise<void> {
  const screen = new Screen(options.json === true)
  await askNotifier(options, async ({ partitions }) => {
    const which =
      only === undefined ? 'Partitions of the notifier that wait for it' : `Partition ${only} of the notifier`
    const said = `${which} will continue with their current source. Records that it has lost are not restored. This cannot be undone.`
    if (!(await confirmed(said, options.yes === true))) return void (process.exitCode = EXIT.refused)
    if (only !== undefined) return acknowledgeOne(screen, partitions, only, options.topic)
    let acknowledged = 0
    for (let partition = 0; ; partition++) {
      try {
        await acknowledgeOne(screen, partitions, partition, options.topic)
        acknowledged++
      } catch (error) {
        if (ProblemError.is(error, 'not-found')) break
        if (!ProblemError.is(error, 'conflict')) throw error
      }
    }
    if (acknowledged === 0) await screen.print([], () => 'no partition waits for that\n')
  })
}

async function acknowledgeDirectly(options: Options, only: number | undefined): Promise<void> {
  const { requestAcknowledgement } = await import('@quorate/streams')
  const screen = new Screen(options.json === true)
  await directly(options, async (log, to, by) => {
    const description = await log.describeTopic(to.source)
    if (description === undefined) throw new UsageError(`There is no topic ${to.source}.`)
    const { id, partitions } = description
    if (options.topic !== undefined && options.topic !== id)
      throw new UsageError(`The topic ${to.source} is ${id} now.`)
    if (only !== undefined && only >= partitions)
      throw new UsageError(`${to.source} has the partitions 0 to ${partitions - 1}.`)
    const said = `Waiting partitions of ${to.source} will continue with the topic ${id}. This cannot be undone.`
    if (!(await confirmed(said, options.yes === true))) return void (process.exitCode = EXIT.refused)
    const all = only === undefined ? Array.from({ length: partitions }, (_, partition) => partition) : [only]
    for (const partition of all) await requestAcknowledgement(log, to, { partition, topicId: id, by })
    await screen.print({ outcome: 'noted', topic: id, partitions: all }, () => `noted for ${id}\n`)
  })
}
