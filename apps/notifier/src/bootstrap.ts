import type { Config } from '@quorate/config'
import { VERSION } from '@quorate/config/version'
import { type Running, startServer } from '@quorate/http'
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
export async function startNotifier(config: Config, { log, docs }: StartOptions = {}): Promise<Running> {
  const { applicationId } = config
  const server = await startServer(config, {
    ...{ app: 'notifier', log, docs },
    openapi: {
      title: 'Quorate notifier',
      version: VERSION,
      description: 'Who was told what, and why.',
      schemas: NOTIFIER_COMPONENTS,
    },
    compose: async (context) => [await notifierParts({ ...context, config, applicationId })],
  })
  server.logger.info({ url: server.url }, 'the notifier listens')
  return server
}
