import type { Config } from '@quorate/config'
import { VERSION } from '@quorate/config/version'
import { createLogger, type EdgeOptions, type StartedServer, startServer } from '@quorate/http'
import type { Log } from '@quorate/log'
import { NO_RULES, type Rules } from '@quorate/vote'
import { aggregatorParts } from '../../aggregator/src/composition'
import { AGGREGATOR_COMPONENTS } from '../../aggregator/src/http/schemas'
import { notifierParts } from '../../notifier/src/composition'
import { NOTIFIER_COMPONENTS } from '../../notifier/src/http/schemas'

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

export type Standalone = StartedServer

/** Aggregator and notifier on one log, in one process, behind one listener. */
export function startStandalone(
  config: Config,
  { log, docs, modules, rules = NO_RULES }: StartOptions = {},
): Promise<Standalone> {
  return startServer(config, {
    ...{ app: 'standalone', log, docs, modules },
    openapi: OPENAPI,
    compose: async (context) => {
      const optionsOf = (applicationId: string) => ({
        ...{ ...context, config, applicationId },
        logger: createLogger({ level: config.logLevel, app: applicationId }),
      })
      const aggregator = aggregatorParts({ ...optionsOf('aggregator'), rules })
      return [aggregator, await notifierParts(optionsOf('notifier'))]
    },
  })
}
