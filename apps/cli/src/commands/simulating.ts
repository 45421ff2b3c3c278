import { Command } from 'commander'

/** The vote on a file: no server, no log, no store (vote.md 11). */
export function simulateCommand(): Command {
  return new Command('simulate')
    .description('Runs the vote over a scenario: JSON lines in on stdin, what would be decided out on stdout.')
    .option('--policies <file>', 'policies in force from the beginning: a JSON array')
    .addHelpText(
      'after',
      `
A line is {"at": <ms>, "object": "…", "type": "report", "data": {"agent": "…", "state": "…"}}, with the types of the source topic, or
{"at": <ms>, "type": "look", "object": "…"}. Out come {"event": …}, {"look": …} and {"rejected": …}, in order.

Example:
  echo '{"at":0,"object":"site/x","type":"report","data":{"agent":"a","state":"down"}}' | quorate simulate`,
    )
    .action(async ({ policies }: { policies?: string }) => {
      const { runSimulate } = await import('../simulate/index.js')
      const { stdin: input, stdout: output, stderr: errors } = process
      process.exitCode = await runSimulate({
        input,
        output,
        errors,
        ...(policies === undefined ? {} : { policiesFile: policies }),
      })
    })
}
