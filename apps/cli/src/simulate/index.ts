export { runSimulate, type SimulateOptions } from './simulate'
