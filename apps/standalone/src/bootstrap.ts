import { aggregatorParts } from '../../aggregator/src/composition'
import { AGGREGATOR_COMPONENTS } from '../../aggregator/src/http/schemas'
import { NO_RULES, type Rules } from '@quorate/vote'
import { notifierParts } from '../../notifier/src/composition'
import { NOTIFIER_COMPONENTS } from '../../notifier/src/http/schemas'
import { advertised, type Config, openLog } from '@quorate/config'
import { VERSION } from '@quorate/config/version'
import { createEdge, createLogger, type EdgeOptions, processMetrics, type Running, serve } from '@quorate/http'
import type { Log } from '@quorate/log'
import type { NestFastifyApplication } from '@nestjs/platform-fastify'

export const OPENAPI = {
  title: 'Quorate',
  version: VERSION,
  description:
    'One trustworthy state per object out of what many agents report: reports in, a vote, states out, people told.',
  schemas: { ...AGGREGATOR_COMPONENTS, ...NOTIFIER_COMPONENTS },
}

export interface StartOptions {
  /** The caller's log, which stays open; by default the embedded one below the data directory. */
  readonly log?: Log
  /** The page at `/docs`. */
  readonly docs?: boolean
  /** Rules registered in code, which policies name in `method` (vote.md 9). */
  readonly rules?: Rules
  /** Modules of the caller, behind the same edge. */
  readonly modules?: EdgeOptions['modules']
}

export interface Standalone extends Running {
  readonly app: NestFastifyApplication
}

/** Aggregator and notifier on one log, in one process, behind one listener. */
export async function startStandalone(
  config: Config,
  { log: given, docs = false, rules = NO_RULES, modules = [] }: StartOptions = {},
): Promise<Standalone> {
  const logger = createLogger({ level: config.logLevel, app: 'standalone' })
  const log = given ?? (await openLog(config, logger))
  const closeLog = async (): Promise<void> => (given ? undefined : log.close())
  let port = config.port
  try {
    const url = (): string => advertised(config, port)!
    const shared = { config, log, version: VERSION, url }
    const aggregator = aggregatorParts({
      ...shared,
      rules,
      applicationId: 'aggregator',
      logger: createLogger({ level: config.logLevel, app: 'aggregator' }),
    })
    const notifier = await notifierParts({
      ...shared,
      applicationId: 'notifier',
      logger: createLogger({ level: config.logLevel, app: 'notifier' }),
    })
    const app = await createEdge({
      modules: [aggregator.module, notifier.module, ...modules],
      checks: [...aggregator.checks, ...notifier.checks],
      metrics: [processMetrics('standalone'), aggregator.metrics, notifier.metrics],
      apiKey: config.apiKey,
      logger,
      openapi: OPENAPI,
      docs,
      transports: [aggregator.transport, notifier.transport],
    })
    const closeApp = await serve(app, {
      host: config.host,
      port: config.port,
      onListening: (listening) => (port = listening),
      closeParts: () => Promise.all([aggregator.close(), notifier.close()]),
    })
    const close = async (): Promise<void> => {
      await closeApp()
      await closeLog()
    }
    return { url: url(), app, close }
  } catch (error) {
    await closeLog()
    throw error
  }
}
