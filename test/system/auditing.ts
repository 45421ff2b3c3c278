import { join } from 'node:path'
import { type App, ROOT } from './harness'
import { run } from './process'
import { until } from './until'

/** A system on Kafka: its brokers and topics, and an instance through which all stores are read. */
export interface OnKafka {
  readonly brokers: readonly string[]
  readonly prefix: string
  readonly by: App
  /** QUORATE_APPLICATION_ID; `aggregator` by default. */
  readonly applicationId?: string
  /** Further settings, such as those of a login. */
  readonly env?: Readonly<Record<string, string>>
}

/** A data directory. Its process must have ended: only one process can open the embedded log. */
export interface Stopped {
  readonly dataDir: string
  /** A module with the rules that the process had registered. */
  readonly rules?: string
}

/**
 * Decides everything again from the source, with the built `quorate audit`, and fails with its output and first
 * difference unless store (not if stopped), changelog and sink match the source. The system may be working. While it
 * cannot be judged, because a partition has just moved or records keep coming, the audit is repeated for `timeoutMs`.
 * For the end of a system test; resolves with the output of the audit.
 */
export async function audited(system: OnKafka | Stopped, timeoutMs = 60_000): Promise<string> {
  const [args, env] = 'dataDir' in system ? stopped(system) : onKafka(system)
  const { code, text } = await until(
    'an audit can judge',
    async () => {
      const { code, process: cli } = await run(process.execPath, {
        args: [join(ROOT, 'dist/apps/cli/src/main.js'), 'audit', ...args],
        env,
      })
      if (code !== 0 && code !== 1) throw new Error(cli.output)
      return { code, text: [...cli.stdout, ...cli.stderr].join('\n') }
    },
    timeoutMs,
  )
  if (code === 1) throw new Error(`The stored data does not match the source:\n${text}`)
  return text
}

function stopped({ dataDir, rules }: Stopped): [string[], Record<string, string>] {
  return [['--data-dir', dataDir, '--no-store', ...(rules === undefined ? [] : ['--rules', rules])], {}]
}

function onKafka({ brokers, prefix, by, applicationId, env }: OnKafka): [string[], Record<string, string>] {
  const { url, apiKey } = by
  return [
    ['--brokers', brokers.join(','), ...(applicationId === undefined ? [] : ['--application-id', applicationId])],
    {
      QUORATE_URL: url,
      QUORATE_TOPIC_PREFIX: prefix,
      ...env,
      ...(apiKey === undefined ? {} : { QUORATE_API_KEY: apiKey }),
    },
  ]
}
