import type { ServerProcess } from '@quorate/http'
import { type StartOptions, startStandalone } from './bootstrap'
import { nextSteps } from './next-steps'

/** The process of both applications; `command` is what users type. */
export const standalone = (command: string, options: StartOptions = {}): ServerProcess => ({
  app: 'standalone',
  usage: `Usage: ${command} [settings]\n\nEverything in one process on the embedded log: reports in, a vote, states by REST, people told.`,
  async start(config) {
    const running = await startStandalone(config, { docs: true, ...options })
    // stdout belongs to what the notifier tells.
    process.stderr.write(nextSteps(running.url, config.dataDir, config.apiKey !== undefined))
    return running
  },
})
