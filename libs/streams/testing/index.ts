export { type HangingCall, type HangingLog, hangingLog } from './hanging-log'
export { Last } from './last'
export { Crash, type DriverOptions, TestDriver } from './test-driver'
export { VirtualClock } from './virtual-clock'
