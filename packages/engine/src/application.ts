import 'reflect-metadata'
import { type DynamicModule, Module, type Type } from '@nestjs/common'
import { APP_INTERCEPTOR } from '@nestjs/core'
import type { NestFastifyApplication } from '@nestjs/platform-fastify'
import { QuorateClient } from '@quorate/client'
import { loadConfig } from '@quorate/config'
import type { Rules } from '@quorate/vote'
import { startStandalone } from '../../../apps/standalone/src/bootstrap'
import { startAggregator } from '../../../apps/aggregator/src/bootstrap'
import { ProblemInterceptor } from './problem-interceptor'
import { Quorate } from './quorate'

export interface QuorateOptions {
  /** `standalone` is everything in this process on the embedded log; `aggregator` is one instance on Kafka. */
  readonly kind?: 'standalone' | 'aggregator'
  /**
   * Variables of docs/configuration.md; those of the process by default. A quorate.yaml in the working directory is
   * read, too.
   */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Rules by the names that policies have in `method`. */
  readonly rules?: Rules
}

export interface QuorateApplication {
  readonly url: string
  readonly app: NestFastifyApplication
  /** Ends requests and tasks; the process goes on. */
  close(): Promise<void>
}

/**
 * Creates a Nest application of your module and Quorate, and starts it: what `NestFactory.create` and `listen` do, with
 * Quorate's HTTP edge around all controllers. `Quorate` can be injected everywhere in it.
 * @throws Error when a setting is not right, or the log cannot be opened
 */
export async function startQuorate(
  module: Type | DynamicModule,
  { kind = 'standalone', env = process.env, rules }: QuorateOptions = {},
): Promise<QuorateApplication> {
  const config = loadConfig(kind, { env })
  const quorate = new Quorate()
  const options = { docs: true, modules: [QuorateModule.of(quorate), module], ...(rules ? { rules } : {}) }
  const running =
    kind === 'standalone' ? await startStandalone(config, options) : await startAggregator(config, options)
  const { url } = running
  const apiKey = config.apiKey?.reveal()
  quorate.connect(new QuorateClient({ url, ...(apiKey === undefined ? {} : { apiKey }) }))
  return running
}

@Module({})
class QuorateModule {
  static of(quorate: Quorate): DynamicModule {
    return {
      module: QuorateModule,
      global: true,
      providers: [
        { provide: Quorate, useValue: quorate },
        { provide: APP_INTERCEPTOR, useClass: ProblemInterceptor },
      ],
      exports: [Quorate],
    }
  }
}
