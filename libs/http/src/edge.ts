import { type DynamicModule, Module, type Provider, type Type } from '@nestjs/common'
import { NestFactory, Reflector } from '@nestjs/core'
import type { CustomTransportStrategy } from '@nestjs/microservices'
import type { NestFastifyApplication } from '@nestjs/platform-fastify'
import type { Secret } from '@quorate/config'
import type { Logger as PinoLogger } from 'pino'
import type { Registry } from 'prom-client'
import { Access, RolesGuard } from './access'
import { createAdapter } from './adapter'
import { HEALTH_CHECKS, type HealthCheck, HealthController } from './health'
import { type EdgeTimes, HTTP_LIMITS } from './limits'
import { nestLogger } from './logger'
import { METRICS, MetricsController } from './metrics'
import { createOpenApi, type OpenApiOptions, serveDocs, serveOpenApi } from './openapi'
import { ProblemFilter } from './problem-filter'
import { validation } from './validation'

export interface EdgeOptions {
  readonly modules: readonly (Type | DynamicModule)[]
  readonly checks: readonly HealthCheck[]
  readonly metrics: readonly Registry[]
  readonly apiKey?: Secret | undefined
  readonly clusterSecret?: Secret | undefined
  /** Where peers reach this instance; with a cluster secret. */
  readonly url?: () => string
  readonly logger: PinoLogger
  readonly openapi: OpenApiOptions
  /** Other times than the service's, for tests. */
  readonly times?: Partial<EdgeTimes>
  /** The page at `/docs`: in processes, not in tests. */
  readonly docs?: boolean
  /** What receives records. Started by `startAllMicroservices`, closed with the application. */
  readonly transports?: readonly CustomTransportStrategy[]
}

@Module({})
class EdgeModule {}

/** The HTTP edge with the modules behind it; not yet listening. */
export async function createEdge(options: EdgeOptions): Promise<NestFastifyApplication> {
  const { logger } = options
  const providers: Provider[] = [
    { provide: HEALTH_CHECKS, useValue: options.checks },
    { provide: METRICS, useValue: options.metrics },
  ]
  const root: DynamicModule = {
    module: EdgeModule,
    imports: [...options.modules],
    providers,
    controllers: [HealthController, MetricsController],
  }
  const { clusterSecret, url, times } = options
  const adapter = createAdapter({ access: new Access(options.apiKey), clusterSecret, url, logger, times })
  const app = await NestFactory.create<NestFastifyApplication>(root, adapter, {
    logger: nestLogger(logger),
    bodyParser: false,
    abortOnError: false,
  })
  app.useGlobalFilters(new ProblemFilter(logger))
  app.useGlobalPipes(validation())
  app.useGlobalGuards(new RolesGuard(app.get(Reflector)))
  for (const strategy of options.transports ?? []) app.connectMicroservice({ strategy })
  const document = createOpenApi(app, options.openapi)
  serveOpenApi(app, document)
  if (options.docs) serveDocs(app, document)
  return app
}

/** Closes it: no new requests, those in hand are finished within the limit, then the transports, then the hooks. */
export async function closeEdge(app: NestFastifyApplication): Promise<void> {
  const server = app.getHttpServer() as unknown as { closeAllConnections(): void }
  const impatience = setTimeout(() => server.closeAllConnections(), HTTP_LIMITS.drainMs)
  try {
    await app.close()
  } finally {
    clearTimeout(impatience)
  }
}
