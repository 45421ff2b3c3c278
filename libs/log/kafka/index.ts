export { openKafkaLog } from './kafka-log'
export type { KafkaLogger, KafkaLogOptions } from './options'
