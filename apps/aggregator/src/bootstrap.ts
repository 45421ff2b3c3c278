import type { Config } from '@quorate/config'
import { VERSION } from '@quorate/config/version'
import { type EdgeOptions, type StartedServer, startServer } from '@quorate/http'
import type { Log } from '@quorate/log'
import { NO_RULES, type Rules } from '@quorate/vote'
import { aggregatorParts } from './composition'
import { AGGREGATOR_COMPONENTS } from './http/schemas'

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

export type StartedAggregator = StartedServer

/** Starts one aggregator; resolves when it listens and has joined its group. Restoring goes on in the background. */
export async function startAggregator(
  config: Config,
  { log, docs, modules, rules = NO_RULES }: StartOptions = {},
): Promise<StartedAggregator> {
  const { applicationId } = config
  const server = await startServer(config, {
    ...{ app: 'aggregator', log, docs, modules },
    openapi: {
      title: 'Quorate aggregator',
      version: VERSION,
      description: 'One trustworthy state per object out of what many agents report.',
      schemas: AGGREGATOR_COMPONENTS,
    },
    compose: async (context) => [aggregatorParts({ ...context, config, applicationId, rules })],
  })
  server.logger.info({ url: server.url }, 'the aggregator listens')
  return server
}
