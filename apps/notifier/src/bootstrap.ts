import { advertised, type Config, openLog } from '@quorate/config'
import { VERSION } from '@quorate/config/version'
import { createEdge, createLogger, processMetrics, type Running, serve } from '@quorate/http'
import type { Log } from '@quorate/log'
import { notifierParts } from './composition'
import { NOTIFIER_COMPONENTS } from './http/schemas'

export interface StartOptions {
  /** The caller's log, which stays open; by default the one that the settings name. */
  readonly log?: Log
  /** The page at `/docs`. */
  readonly docs?: boolean
}

/** Starts one notifier; resolves when it listens and has joined its group. Restoring goes on in the background. */
export async function startNotifier(config: Config, { log: given, docs = false }: StartOptions = {}): Promise<Running> {
  const logger = createLogger({ level: config.logLevel, app: 'notifier' })
  const log = given ?? (await openLog(config, logger))
  const closeLog = async (): Promise<void> => (given ? undefined : log.close())
  let port = config.port
  try {
    const url = (): string => advertised(config, port)!
    const parts = await notifierParts({
      config,
      applicationId: config.applicationId,
      log,
      logger,
      version: VERSION,
      url,
    })
    const app = await createEdge({
      modules: [parts.module],
      checks: parts.checks,
      metrics: [processMetrics('notifier'), parts.metrics],
      apiKey: config.apiKey,
      clusterSecret: config.clusterSecret,
      url,
      logger,
      openapi: {
        title: 'Quorate notifier',
        version: VERSION,
        description: 'Who was told what, and why.',
        schemas: NOTIFIER_COMPONENTS,
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
    logger.info({ url: url() }, 'the notifier listens')
    return { url: url(), close }
  } catch (error) {
    await closeLog()
    throw error
  }
}
