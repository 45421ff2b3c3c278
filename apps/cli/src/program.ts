import { Command, CommanderError } from 'commander'
import { VERSION } from '@quorate/config/version'
import { EXIT } from './exit'
import { readCommands } from './commands/reading'
import { acknowledgeSourceCommand } from './commands/acknowledging'
import { agentCommands } from './commands/agents'
import { agentSettingsCommands } from './commands/agent-settings'
import { deadLetterCommands } from './commands/dead-letters'
import { skipCommand } from './commands/skipping'
import { operatorCommands } from './commands/operators'
import { policyCommands } from './commands/policies'
import { notifyCommands } from './commands/notify'
import { auditCommand } from './commands/auditing'
import { reshardCommand } from './commands/resharding'
import { simulateCommand } from './commands/simulating'

const HELP = `
Examples:
  quorate report site/x down --agent probe-1      a report of one agent
  quorate report --file reports.jsonl             many: one {"object","agent","state",…} per line, - is stdin
  quorate get site/x                              the state and the vote behind it
  quorate list --prefix site/ --state down
  quorate watch --json | jq .data.object          every change as it happens
  quorate override set site/x down --reason "moving house" --for 2h
  quorate agent set probe-1 --weight 3 --dry-run  what another weight would change
  quorate simulate < scenario.jsonl               what would be decided, without a server
  quorate audit --brokers localhost:9092          whether the stored data matches the log

Environment:
  QUORATE_URL           the server (http://127.0.0.1:8080)
  QUORATE_NOTIFIER_URL  the notifier, if it runs separately: for notify, silence and deliveries (QUORATE_URL)
  QUORATE_API_KEY       sent with every request; QUORATE_API_KEY_FILE names a file instead
  NO_COLOR              no colours on a terminal; pipes never get any
  docs/configuration.md lists the rest.

Exit codes: ${EXIT.done} done, ${EXIT.refused} refused or failed, ${EXIT.usage} wrong usage,
${EXIT.unreachable} no response, ${EXIT.notFound} no such object.
audit has its own: 0 the same, 1 different, 2 it cannot be judged.`

export interface ProgramOptions {
  /** What `--version` prints. */
  readonly version?: string
  /** Commands that start a server: listed in the help, and run by the caller before this parses anything. */
  readonly servers?: readonly { readonly command: string; readonly description: string }[]
}

/** The command line. Commands load the settings and the engine when they need them, so that `--help` is fast. */
export function createProgram({ version = VERSION, servers = [] }: ProgramOptions = {}): Command {
  const program = new Command('quorate')
    .description('Reports states, reads what was decided, and overrides it.')
    .option('--url <url>', 'the server; default: QUORATE_URL, else http://127.0.0.1:8080')
    .version(version, '--version', 'the version of this command')
    .option('--json', 'JSON on stdout, one value per line')
    .addHelpText('after', HELP)
    .showHelpAfterError('(quorate --help lists the commands, quorate <command> --help its options)')
    .exitOverride(quit)
  for (const { command, description } of servers)
    program.addCommand(new Command(command).description(description).usage('[settings]'))
  for (const command of [
    ...agentCommands(),
    ...readCommands(),
    ...operatorCommands(),
    ...policyCommands(),
    ...notifyCommands(),
    ...deadLetterCommands(),
    skipCommand(),
    acknowledgeSourceCommand(),
    ...agentSettingsCommands(),
    simulateCommand(),
    auditCommand(),
    reshardCommand(),
  ]) {
    program.addCommand(command)
  }
  everyCommand(program, (command) => command.exitOverride(quit).configureHelp({ showGlobalOptions: true }))
  return program
}

function everyCommand(command: Command, visit: (command: Command) => void): void {
  visit(command)
  for (const child of command.commands) everyCommand(child, visit)
}

/** Commander has already printed the error. */
function quit(error: CommanderError): never {
  const asked =
    ['commander.helpDisplayed', 'commander.version', 'commander.help'].includes(error.code) && error.exitCode === 0
  process.exit(asked ? EXIT.done : EXIT.usage)
}
