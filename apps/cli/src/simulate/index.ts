export { runSimulate, type SimulateOptions } from './simulate'
export { runCompare, type CompareOptions } from './compare'
export { isEmbedded, openSourceLog } from './source-topic'
