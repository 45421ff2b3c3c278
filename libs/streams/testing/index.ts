export { Crash, type DriverOptions, TestDriver } from './test-driver'
export { VirtualClock } from './virtual-clock'
