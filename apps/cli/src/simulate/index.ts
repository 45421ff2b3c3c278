export { runSimulate, type SimulateOptions } from './simulate'
export { runCompare, type CompareOptions } from './compare'
export { openSourceLog } from './source-topic'
