export { type KafkaConnection } from './client';
export { KafkaLog, type KafkaLogOptions } from './kafka-log';
