/** pino with what must never be written taken out. */
import pino, { type DestinationStream, type Logger } from 'pino';

const SECRET_HEADERS = ['authorization', 'x-api-key', 'cookie', 'proxy-authorization'];
/** Paths of secrets in what is logged, for loggers that are made elsewhere. */
export const REDACT: readonly string[] = ['headers', 'req.headers', 'request.headers', 'err.headers'].flatMap((at) =>
  SECRET_HEADERS.map((h) => `${at}["${h}"]`),
);

/** @param level pino level, `warn` by default: normal operation logs nothing */
export const createLogger = (level = 'warn', destination?: DestinationStream): Logger =>
  pino({ level, redact: { paths: [...REDACT], censor: '[redacted]' } }, destination ?? pino.destination(2));
