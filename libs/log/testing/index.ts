export * from './faulty-log'
export { describeLog } from './log.conformance'
export type { LogUnderTest } from './log-under-test'
export { collect, readTo, records } from './collect'
