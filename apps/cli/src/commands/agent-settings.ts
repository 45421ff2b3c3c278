import { Command } from 'commander'
import type { AgentAnswer } from '@quorate/client'
import { printable } from '../text'
import { showTrial } from '../trial'
import { integer, withServer } from './command-line'

/** Settings of agents: weight and mute. */
export function agentSettingsCommands(): Command[] {
  const agent = new Command('agent').description('Weights and mutes agents.')
  for (const command of [list(), get(), set(), remove()]) agent.addCommand(command)
  return [agent]
}

const list = () =>
  new Command('list').description('Lists the agents that have settings; all others weigh 1 and are not muted.').action(
    withServer<[], object>(async ({ client, screen }) => {
      const agents = await client.agents()
      await screen.print(agents, () => screen.table(['AGENT', 'WEIGHT', 'MUTED'], agents.map(row)))
    }),
  )

const row = ({ agent, weight, muted }: AgentAnswer): string[] => [agent, String(weight), muted ? 'muted' : '']

const get = () =>
  new Command('get')
    .argument('<agent>')
    .description('Shows the settings of an agent.')
    .action(
      withServer<[string], object>(async ({ client, screen }, agent) => {
        const settings = await client.agent(agent)
        await screen.print(settings, () => screen.table(['AGENT', 'WEIGHT', 'MUTED'], [row(settings)]))
      }),
    )

interface SetFlags {
  readonly weight: number
  readonly muted?: boolean
  readonly dryRun?: boolean
}

const set = () =>
  new Command('set')
    .description('Replaces the settings of an agent; objects it reports on are decided again at once.')
    .argument('<agent>')
    .option('--weight <n>', 'weight of its vote; with 0 it only observes', integer, 1)
    .option('--muted', 'its reports do not count')
    .option('--dry-run', 'writes nothing; shows which objects would change')
    .addHelpText(
      'after',
      '\nExamples:\n  quorate agent set probe-1 --weight 3 --dry-run\n  quorate agent set probe-2 --muted',
    )
    .action(
      withServer<[string], SetFlags>(async ({ client, screen, options }, agent) => {
        const settings = { weight: options.weight, muted: options.muted === true }
        if (options.dryRun === true) return showTrial(screen, await client.tryAgent(agent, settings))
        const written = await client.putAgent(agent, settings)
        await screen.print(written, () => `written at ${written.position}\n`)
      }),
    )

const remove = () =>
  new Command('remove')
    .description('Removes an agent: its settings, and its reports on every object.')
    .argument('<agent>')
    .action(
      withServer<[string], object>(async ({ client, screen }, agent) => {
        const written = await client.removeAgent(agent)
        await screen.print(
          written,
          () => `settings and reports of ${printable(agent)}, if any, are removed: written at ${written.position}\n`,
        )
      }),
    )
