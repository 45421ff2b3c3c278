import 'reflect-metadata'
import type { DynamicModule, Type } from '@nestjs/common'
import type { Rules } from '@quorate/vote'
import { runServer } from '@quorate/http'

export interface ProcessOptions {
  /** Rules by the names that policies have in `method`; every instance registers the same ones. */
  readonly rules?: Rules
  /** Nest modules of your own, behind the same listener. */
  readonly modules?: readonly (Type | DynamicModule)[]
}

/**
 * Runs everything in this process on the embedded log, as `quorate start` does: settings from flags, variables and
 * quorate.yaml; a clean stop at SIGTERM and SIGINT, which ends the process.
 */
export async function runStandalone(options: ProcessOptions = {}): Promise<void> {
  const { standalone } = await import('../../../apps/standalone/src/server.js')
  await runServer(standalone('node <program>', options))
}

/** The same for one aggregator on Kafka, as `quorate aggregator` does. */
export async function runAggregator(options: ProcessOptions = {}): Promise<void> {
  const { aggregator } = await import('../../../apps/aggregator/src/server.js')
  await runServer(aggregator('node <program>', options))
}
