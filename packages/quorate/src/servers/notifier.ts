import 'reflect-metadata'
import { runServer } from '@quorate/http'
import { notifier } from '../../../../apps/notifier/src/server'
import { endWithNpm } from './end-with-npm'

export function run(argv: readonly string[]): Promise<void> {
  endWithNpm()
  return runServer({ ...notifier('quorate notifier'), argv })
}
