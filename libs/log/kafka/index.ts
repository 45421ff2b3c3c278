export { openKafkaLog } from './kafka-log'
export type { KafkaLogOptions } from './options'
