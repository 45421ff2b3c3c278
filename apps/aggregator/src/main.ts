import 'reflect-metadata'
import { runServer } from '@quorate/http'
import { aggregator } from './server'

void runServer(aggregator('npm run aggregator --'))
