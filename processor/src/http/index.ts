export * from './config';
export { createLogger, REDACT } from './logger';
export { createHttpServer } from './server';
