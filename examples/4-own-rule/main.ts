import 'reflect-metadata'
import { runServer } from '@quorate/http'
import { startStandalone } from '../../apps/standalone/src/bootstrap'
import { maximum } from './maximum'

/** Policies name the rule in `method`. Every instance must register the same ones. */
const rules = new Map([['maximum', maximum]])

// Data of its own: `npm start` on the same data would not have the rule.
process.env.QUORATE_DATA_DIR ??= 'data-example-4'

void runServer({
  app: 'standalone',
  usage:
    'Usage: npm run example -- 4-own-rule [settings]\n\nAll of Quorate on the embedded log, with the rule maximum.',
  async start(config) {
    const running = await startStandalone(config, { rules })
    process.stdout.write(`listens on ${running.url}\n`)
    return running
  },
})
