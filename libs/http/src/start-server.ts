import type { DynamicModule } from '@nestjs/common'
import type { CustomTransportStrategy } from '@nestjs/microservices'
import type { NestFastifyApplication } from '@nestjs/platform-fastify'
import { advertised, type AppName, type Config, openLog } from '@quorate/config'
import { VERSION } from '@quorate/config/version'
import type { Log, Logger } from '@quorate/log'
import type { Registry } from 'prom-client'
import { createEdge, type EdgeOptions } from './edge'
import type { HealthCheck } from './health'
import { createLogger } from './logger'
import { processMetrics } from './metrics'
import type { OpenApiOptions } from './openapi'
import { serve } from './serve'
import type { Running } from './server-process'

/** One application, ready to be put behind an edge: alone, or beside others. */
export interface AppParts {
  readonly module: DynamicModule
  readonly transport: CustomTransportStrategy
  readonly checks: readonly HealthCheck[]
  readonly metrics: Registry
  /** After the edge is closed. */
  close(): Promise<void>
}

/** What the process gives its applications. */
export interface AppContext {
  readonly log: Log
  readonly logger: Logger
  readonly version: string
  /** Where this instance is reached; asked once it listens. */
  readonly url: () => string
}

export interface StartServerOptions {
  readonly app: AppName
  /** The caller's log, which stays open; by default the one that the settings name. */
  readonly log?: Log | undefined
  /** The page at `/docs`. */
  readonly docs?: boolean | undefined
  readonly openapi: OpenApiOptions
  /** Modules of the caller, behind the same edge. */
  readonly modules?: EdgeOptions['modules'] | undefined
  readonly compose: (context: AppContext) => Promise<readonly AppParts[]>
}

export interface StartedServer extends Running {
  readonly app: NestFastifyApplication
  readonly logger: Logger
}

/** Starts the applications behind one listener; resolves when it listens and they have joined their groups. */
export async function startServer(
  config: Config,
  { app: name, log: given, docs = false, openapi, modules = [], compose }: StartServerOptions,
): Promise<StartedServer> {
  const { apiKey, clusterSecret, host, port: wanted, logLevel: level } = config
  const logger = createLogger({ level, app: name })
  const log = given ?? (await openLog(config, logger))
  const closeLog = async (): Promise<void> => (given ? undefined : log.close())
  let port = wanted
  try {
    const url = (): string => advertised(config, port)!
    const apps = await compose({ log, logger, version: VERSION, url })
    const app = await createEdge({
      modules: [...apps.map(({ module }) => module), ...modules],
      checks: apps.flatMap(({ checks }) => checks),
      metrics: [processMetrics(name), ...apps.map(({ metrics }) => metrics)],
      transports: apps.map(({ transport }) => transport),
      ...{ apiKey, clusterSecret, url, logger, openapi, docs },
    })
    const closeApp = await serve(app, {
      ...{ host, port },
      onListening: (listening) => (port = listening),
      closeParts: () => Promise.all(apps.map((parts) => parts.close())),
    })
    const close = async (): Promise<void> => {
      await closeApp()
      await closeLog()
    }
    return { url: url(), app, logger, close }
  } catch (error) {
    await closeLog()
    throw error
  }
}
