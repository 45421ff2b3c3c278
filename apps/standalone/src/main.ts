import 'reflect-metadata'
import { runServer } from '@quorate/http'
import { standalone } from './server'

void runServer(standalone('npm start --'))
