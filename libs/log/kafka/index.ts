export { openKafkaLog } from './kafka-log'
export type { KafkaLogOptions } from './options'
export { type BearerTokens, type TokenEndpoint, tokensOfEndpoint, tokensOfFile } from './bearer-tokens'
