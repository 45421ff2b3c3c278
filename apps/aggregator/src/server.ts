import type { ServerProcess } from '@quorate/http'
import { startAggregator, type StartOptions } from './bootstrap'

/** The process of one aggregator; `command` is what users type. */
export const aggregator = (command: string, options: StartOptions = {}): ServerProcess => ({
  app: 'aggregator',
  usage: `Usage: ${command} [settings]\n\nTakes reports, decides by vote, answers by REST. Needs Kafka; npm start and quorate start do not.`,
  start: (config) => startAggregator(config, { docs: true, ...options }),
})
