import { advertised, type Config, openLog } from '@quorate/config'
import { VERSION } from '@quorate/config/version'
import { createEdge, createLogger, type EdgeOptions, processMetrics, type Running, serve } from '@quorate/http'
import type { Log } from '@quorate/log'
import type { NestFastifyApplication } from '@nestjs/platform-fastify'
import { aggregatorParts } from './composition'
import { AGGREGATOR_COMPONENTS } from './http/schemas'
import { NO_RULES, type Rules } from '@quorate/vote'

export interface StartOptions {
  /** The caller's log, which stays open; by default the one that the settings name. */
  readonly log?: Log
  /** The page at `/docs`. */
  readonly docs?: boolean
  /** Rules registered in code, which policies name in `method`; the same in every instance (vote.md 9). */
  readonly rules?: Rules
  /** Modules of the caller, behind the same edge. */
  readonly modules?: EdgeOptions['modules']
}

export interface StartedAggregator extends Running {
  readonly app: NestFastifyApplication
}

/** Starts one aggregator; resolves when it listens and has joined its group. Restoring goes on in the background. */
export async function startAggregator(
  config: Config,
  { log: given, docs = false, rules = NO_RULES, modules = [] }: StartOptions = {},
): Promise<StartedAggregator> {
  const logger = createLogger({ level: config.logLevel, app: 'aggregator' })
  const log = given ?? (await openLog(config, logger))
  const closeLog = async (): Promise<void> => (given ? undefined : log.close())
  let port = config.port
  try {
    const url = (): string => advertised(config, port)!
    const parts = aggregatorParts({
      config,
      applicationId: config.applicationId,
      log,
      logger,
      version: VERSION,
      url,
      rules,
    })
    const app = await createEdge({
      modules: [parts.module, ...modules],
      checks: parts.checks,
      metrics: [processMetrics('aggregator'), parts.metrics],
      apiKey: config.apiKey,
      clusterSecret: config.clusterSecret,
      url,
      logger,
      openapi: {
        title: 'Quorate aggregator',
        version: VERSION,
        description: 'One trustworthy state per object out of what many agents report.',
        schemas: AGGREGATOR_COMPONENTS,
      },
      docs,
      transports: [parts.transport],
    })
    const closeApp = await serve(app, {
      host: config.host,
      port: config.port,
      onListening: (listening) => (port = listening),
      closeParts: () => parts.close(),
    })
    const close = async (): Promise<void> => {
      await closeApp()
      await closeLog()
    }
    logger.info({ url: url() }, 'the aggregator listens')
    return { url: url(), app, close }
  } catch (error) {
    await closeLog()
    throw error
  }
}
