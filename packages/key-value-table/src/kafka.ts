export { type KafkaLogOptions, openKafkaLog } from '@quorate/log/kafka'
