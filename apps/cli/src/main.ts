import { runCommandLine } from './run'

runCommandLine()
