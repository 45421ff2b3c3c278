import type { ServerProcess } from '@quorate/http'
import { startNotifier } from './bootstrap'

/** The process of one notifier; `command` is what users type. */
export const notifier = (command: string): ServerProcess => ({
  app: 'notifier',
  usage: `Usage: ${command} [settings]\n\nTells people and systems what changed.`,
  start: (config) => startNotifier(config, { docs: true }),
})
