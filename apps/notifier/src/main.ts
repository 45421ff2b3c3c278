import 'reflect-metadata'
import { runServer } from '@quorate/http'
import { startNotifier } from './bootstrap'

void runServer({
  app: 'notifier',
  usage: 'Usage: npm run notifier -- [settings]\n\nTells people and systems what changed.',
  start: (config) => startNotifier(config, { docs: true }),
})
