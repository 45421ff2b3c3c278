import { Command } from 'commander'
import type { PolicyAnswer } from '@quorate/client'
import { TOO_DEEP, tooDeepAt } from '@quorate/contracts/json'
import { jsonOf, withServer } from './command-line'
import { UsageError } from '../exit'
import { showTrial } from '../trial'

/** Policies: the rules by which objects are decided. */
export function policyCommands(): Command[] {
  const policy = new Command('policy').description('The rules by which objects are decided.')
  for (const command of [list(), get(), put(), remove()]) policy.addCommand(command)
  return [policy]
}

const list = () =>
  new Command('list').description('Lists the policies.').action(
    withServer<[], object>(async ({ client, screen }) => {
      const policies = await client.policies()
      const row = ({ name, match, priority, method, quorum, ttl }: PolicyAnswer) =>
        [name, match, priority, method, quorum, ttl].map((it) => String(it ?? ''))
      await screen.print(policies, () =>
        screen.table(['NAME', 'MATCH', 'PRIORITY', 'METHOD', 'QUORUM', 'TTL'], policies.map(row)),
      )
    }),
  )

const get = () =>
  new Command('get')
    .argument('<name>')
    .description('Shows a policy.')
    .action(
      withServer<[string], object>(async ({ client, screen }, name) => {
        const policy = await client.policy(name)
        await screen.print(policy, () => `${JSON.stringify(policy, null, 2)}\n`)
      }),
    )

const put = () =>
  new Command('put')
    .description('Writes a policy; objects that it matches are decided again at once.')
    .argument('<name>')
    .option('--file <path>', 'JSON; - is stdin', '-')
    .option('--dry-run', 'writes nothing; shows which objects would change')
    .addHelpText(
      'after',
      `\nExamples:\n  echo '{"match":"site/**","ttl":120,"quorum":"majority"}' | quorate policy put sites
  quorate policy put sites --file sites.json --dry-run`,
    )
    .action(
      withServer<[string], { file: string; dryRun?: boolean }>(async ({ client, screen, options }, name) => {
        const { readFileSync } = await import('node:fs')
        const text = readFileSync(options.file === '-' ? 0 : options.file, 'utf8')
        const policy = jsonOf(text) as Record<string, unknown> | undefined
        if (policy === undefined) throw new UsageError('The policy must be one JSON object.')
        const deep = tooDeepAt(policy)
        if (deep !== undefined) throw new UsageError(`The policy is refused: ${deep} ${TOO_DEEP}.`)
        if (options.dryRun === true) return showTrial(screen, await client.tryPolicy(name, policy))
        const written = await client.putPolicy(name, policy)
        await screen.print(written, () => `written at ${written.position}\n`)
      }),
    )

const remove = () =>
  new Command('delete')
    .argument('<name>')
    .description('Deletes a policy.')
    .action(
      withServer<[string], object>(async ({ client, screen }, name) => {
        const written = await client.deletePolicy(name)
        await screen.print(written, () => `written at ${written.position}\n`)
      }),
    )
