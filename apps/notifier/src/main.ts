import 'reflect-metadata'
import { runServer } from '@quorate/http'
import { notifier } from './server'

void runServer(notifier('npm run notifier --'))
