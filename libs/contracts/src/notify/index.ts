export { DURATION_SAID, secondsOf } from './durations'
export * from './inputs'
export { nameFault } from './names'
