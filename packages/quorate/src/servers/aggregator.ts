import 'reflect-metadata'
import { runServer } from '@quorate/http'
import { aggregator } from '../../../../apps/aggregator/src/server'
import { endWithNpm } from './end-with-npm'

export function run(argv: readonly string[]): Promise<void> {
  endWithNpm()
  return runServer({ ...aggregator('quorate aggregator'), argv })
}
