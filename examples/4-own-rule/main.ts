import { runStandalone } from '@quorate/engine'
import { maximum } from './maximum'

// Data of its own: `npm start` on the same data would not have the rule.
process.env.QUORATE_DATA_DIR ??= 'data-example-4'

/** Policies name the rule in `method`. Every instance must register the same ones. */
void runStandalone({ rules: new Map([['maximum', maximum]]) })
