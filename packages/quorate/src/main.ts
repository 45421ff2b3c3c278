#!/usr/bin/env node
import { tooOld } from './node-version'

const SERVERS = {
  start: ['everything in one process on the embedded log, in ./data', () => import('./servers/start.js')],
  aggregator: ['one aggregator on Kafka', () => import('./servers/aggregator.js')],
  notifier: ['one notifier on Kafka', () => import('./servers/notifier.js')],
} as const

async function main(): Promise<void> {
  const [name = '', ...argv] = process.argv.slice(2)
  if (name in SERVERS) {
    const [, load] = SERVERS[name as keyof typeof SERVERS]
    const { run } = await load()
    await run(argv)
    return
  }
  const [{ runCommandLine }, { versionText }] = await Promise.all([
    import('../../../apps/cli/src/run.js'),
    import('./version.js'),
  ])
  const servers = Object.entries(SERVERS).map(([command, [description]]) => ({ command, description }))
  runCommandLine({ version: versionText(), servers })
}

const fault = tooOld(process.versions.node)
if (fault === undefined) void main()
else {
  process.stderr.write(`${fault}\n`)
  process.exitCode = 1
}
