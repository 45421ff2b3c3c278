export { type HangingCall, type HangingLog, hangingLog } from './hanging-log'
export { Crash, type DriverOptions, TestDriver } from './test-driver'
export { VirtualClock } from './virtual-clock'
