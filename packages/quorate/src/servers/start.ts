import 'reflect-metadata'
import { runServer } from '@quorate/http'
import { standalone } from '../../../../apps/standalone/src/server'
import { endWithNpm } from './end-with-npm'

export function run(argv: readonly string[]): Promise<void> {
  endWithNpm()
  return runServer({ ...standalone('quorate start'), argv })
}
