import { join } from 'node:path'
import { type App, ROOT } from './harness'
import { run } from './process'
import { until } from './until'

/** What runs on Kafka: its brokers and topics, and an instance through which the stores of all are read. */
export interface OnKafka {
  readonly brokers: readonly string[]
  readonly prefix: string
  readonly by: App
  /** As QUORATE_APPLICATION_ID; `aggregator` by default. */
  readonly applicationId?: string
  /** More settings, such as those of a log-in. */
  readonly env?: Readonly<Record<string, string>>
}

/** What lies in a data directory. Its process must have ended: the embedded log is one process's own. */
export interface Stopped {
  readonly dataDir: string
  /** A module with the rules that the process had registered. */
  readonly rules?: string
}

/**
 * Decides everything anew from the source, by `quorate audit` as it is built, and fails with its words and first difference unless store
 * (not where it is stopped), changelog and sink are what the source says. The system may be at work; while it cannot be judged, because a
 * partition has just moved or the records keep coming, it is asked again for `timeoutMs`.
 * For the end of a system test; answers what the audit said.
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
  if (code === 1) throw new Error(`What is kept is not what the source says:\n${text}`)
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
