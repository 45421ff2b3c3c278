export { EmbeddedLog, openEmbeddedLog, type EmbeddedLogOptions, type EmbeddedLogPlace } from './embedded-log'
export type { Logger } from './logger'
