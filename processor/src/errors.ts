/**
 * Every error a person or a program can meet has a stable code here. The message says what, where and what to do.
 * `status` is the HTTP status an API answer carries; `exitCode` is what the CLI exits with.
 */
export const ERRORS = {
  EVENT_NOT_JSON: { status: 400, text: 'not valid JSON' },
  EVENT_NOT_UTF8: { status: 400, text: 'not valid UTF-8' },
  EVENT_NOT_OBJECT: { status: 400, text: 'an event is a JSON object' },
  EVENT_TOO_LARGE: { status: 413, text: 'larger than the limit' },
  EVENT_EMPTY: { status: 400, text: 'no value (a null or tombstone record)' },
  EVENT_UNKNOWN_TYPE: { status: 400, text: 'unknown event type' },
  EVENT_INVALID: { status: 400, text: 'does not match its schema' },
  EVENT_NO_WORKSPACE: { status: 400, text: 'no workspace' },
  EVENT_WRONG_WORKSPACE: { status: 403, text: 'workspace not granted to these credentials' },
  EVENT_TOO_LATE: { status: 400, text: 'older than the declared lateness' },
  EVENT_IN_FUTURE: { status: 400, text: 'timestamp lies in the future' },
  OTLP_INVALID: { status: 400, text: 'not an OTLP ExportTraceServiceRequest' },
  INPUT_TRUNCATED: { status: 400, text: 'input ends in the middle of a compressed stream' },
  INPUT_CORRUPT: { status: 400, text: 'not what its content encoding says' },
  INPUT_UNSUPPORTED: { status: 415, text: 'unsupported content type or encoding' },
  AUTH_MISSING: { status: 401, text: 'no credentials' },
  AUTH_INVALID: { status: 401, text: 'credentials not accepted' },
  AUTH_FORBIDDEN: { status: 403, text: 'not allowed with these credentials' },
  QUERY_UNKNOWN: { status: 404, text: 'no such query' },
  QUERY_BAD_PARAM: { status: 400, text: 'bad query parameter' },
  QUERY_LIMIT: { status: 422, text: 'result exceeds the limit' },
  QUERY_TIMEOUT: { status: 504, text: 'query ran into its time limit' },
  QUERY_INCOMPLETE: { status: 503, text: 'the data are not complete for this range' },
  REQUEST_INVALID: { status: 400, text: 'invalid request' },
  REQUEST_TOO_LARGE: { status: 413, text: 'the request is larger than the limit' },
  RATE_LIMITED: { status: 429, text: 'too many requests' },
  NOT_FOUND: { status: 404, text: 'no such resource' },
  BUSY: { status: 503, text: 'too much work in flight; try again' },
  STORE_UNAVAILABLE: { status: 503, text: 'ClickHouse does not answer' },
  STORE_UNSAFE: { status: 500, text: 'ClickHouse is set up in a way that breaks the guarantee' },
  STORE_SCHEMA: { status: 500, text: 'the ClickHouse schema is not the one this version needs' },
  STORE_MAINTENANCE: { status: 503, text: 'rollups are being rebuilt' },
  RAW_INCOMPLETE: { status: 409, text: 'the raw events do not hold everything that was counted' },
  LOG_BUSY: { status: 409, text: 'events are being consumed, or a batch is unfinished' },
  LOG_UNAVAILABLE: { status: 503, text: 'the event log (Kafka or journal) does not accept writes' },
  LOG_FENCED: { status: 503, text: 'this process does not own the partition (any more), or the range is stale' },
  LOG_REWOUND: { status: 500, text: 'the log hands out again what was counted already' },
  LOG_GAP: { status: 500, text: 'offsets that were recorded as in flight are gone' },
  LOG_CORRUPT: { status: 500, text: 'the event log holds bytes that are not what was written' },
  CONFIG_INVALID: { status: 500, text: 'invalid configuration' },
  GRAFANA_UNAVAILABLE: { status: 503, text: 'Grafana could not be started' },
  INTERNAL: { status: 500, text: 'internal error' },
} as const;

export type ErrorCode = keyof typeof ERRORS;

export class ShadowerError extends Error {
  readonly status: number;
  constructor(
    readonly code: ErrorCode,
    /** What was wrong this time, where, and what to do. */
    readonly detail = '',
    options?: { cause?: unknown },
  ) {
    super(detail ? `${ERRORS[code].text}: ${detail}` : ERRORS[code].text, options);
    this.name = 'ShadowerError';
    this.status = ERRORS[code].status;
  }
}
