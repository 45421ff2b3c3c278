import { Command } from 'commander'
import { connect } from '../connection'
import { explain, UsageError } from '../exit'

interface Options {
  readonly url?: string
  readonly brokers?: string
  readonly dataDir?: string
  readonly applicationId: string
  readonly notifierId: string
  readonly store: boolean
  readonly rules?: string
  readonly json?: boolean
}

const STORE_BESIDE_EMBEDDED =
  'The embedded log is open to one process at a time, and the store is read through a running server. Stop ' +
  'the server and audit with --no-store.'

/** Checks whether the stored data matches the source. */
export function auditCommand(): Command {
  return new Command('audit')
    .description(
      'Decides everything again from the source topic, and compares store, changelog and sink with the result.',
    )
    .option('--brokers <list>', 'Kafka brokers; default: KAFKA_BROKERS')
    .option('--data-dir <dir>', 'the embedded log of a stopped server; requires --no-store')
    .option('--application-id <id>', 'application id of the changelog', 'aggregator')
    .option('--notifier-id <id>', 'application id of the notifier to check', 'notifier')
    .option('--rules <module>', 'module that exports the rules registered in code')
    .option('--no-store', 'skips the store, which is read through the server')
    .addHelpText(
      'after',
      `
The topics are those of QUORATE_TOPIC_PREFIX and --application-id. The server that --url or QUORATE_URL names
must belong to the same deployment, as its /v1/cluster shows. On Kafka the server keeps running. The embedded
log (npm start) can only be opened by one process: stop the server and add --no-store.

Exit codes: 0 the same, 1 different (the first difference is printed, with its offsets), 2 it cannot be
judged, for any reason. If there is a notifier, a second line says whether the rows of its changelog are
consistent. The system may be working meanwhile: everything is compared at its own position in the source.

Example:
  quorate audit --brokers localhost:9092 --url http://127.0.0.1:8080
  quorate audit --no-store --data-dir ./data           the embedded log, with the server stopped`,
    )
    .action(async (_: unknown, command: Command) => {
      process.exitCode = await audit(command.optsWithGlobals<Options>())
    })
}

async function audit({
  url,
  brokers,
  dataDir,
  applicationId,
  notifierId,
  store,
  rules: file,
  json = false,
}: Options): Promise<number> {
  const { AUDIT_EXIT, runAudit, runNotifierAudit } = await import('../audit/index.js')
  try {
    const { isEmbedded, openSourceLog } = await import('../simulate/index.js')
    const place = {
      ...(brokers === undefined ? {} : { brokers }),
      ...(dataDir === undefined ? {} : { dataDir }),
    }
    if (store && (await isEmbedded(place))) throw new UsageError(STORE_BESIDE_EMBEDDED)
    const { loadConfig } = await import('@quorate/config')
    const { topicPrefix: prefix } = loadConfig('cli')
    const { rulesOf } = await import('../rules-file.js')
    const rules = file === undefined ? {} : { rules: await rulesOf(file) }
    const client = store ? await connect(url === undefined ? {} : { url }) : undefined
    const log = await openSourceLog(place)
    try {
      const output = process.stdout
      const code = await runAudit({ log, client, prefix, applicationId, output, json, ...rules })
      const ofNotifier = await runNotifierAudit({ log, prefix, applicationId: notifierId, output, json })
      return ofNotifier === AUDIT_EXIT.different ? ofNotifier : code
    } finally {
      await log.close()
    }
  } catch (error) {
    // Any error that prevents the comparison means that it cannot judge.
    process.stderr.write(`${explain(error).text}\n`)
    return AUDIT_EXIT.cannotJudge
  }
}
