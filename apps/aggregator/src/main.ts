import 'reflect-metadata'
import { runServer } from '@quorate/http'
import { startAggregator } from './bootstrap'

void runServer({
  app: 'aggregator',
  usage:
    'Usage: npm run aggregator -- [settings]\n\nTakes reports, decides by vote, answers by REST. Needs Kafka; without it use npm start.',
  start: (config) => startAggregator(config, { docs: true }),
})
