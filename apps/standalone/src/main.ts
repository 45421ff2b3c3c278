import 'reflect-metadata'
import { runServer } from '@quorate/http'
import { startStandalone } from './bootstrap'
import { nextSteps } from './next-steps'

void runServer({
  app: 'standalone',
  usage:
    'Usage: npm start -- [settings]\n\nEverything in one process on the embedded log: reports in, a vote, states by REST, people told.',
  async start(config) {
    const running = await startStandalone(config, { docs: true })
    // stdout belongs to what the notifier tells.
    process.stderr.write(nextSteps(running.url, config.dataDir, config.apiKey !== undefined))
    return running
  },
})
