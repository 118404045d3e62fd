/** Metrics of the HTTP server. Names, labels and meanings are a contract; docs are made from `help`. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

export interface HttpMetrics {
  /** OpenTelemetry's http.server.request.duration, in seconds. */
  duration: Histogram<'http_request_method' | 'http_route' | 'http_response_status_code'>;
  active: Gauge<'http_request_method'>;
  events: Counter<'outcome' | 'code'>;
  spans: Counter<'outcome'>;
  bytes: Counter<'route'>;
  appendDuration: Histogram<'outcome'>;
  queryDuration: Histogram<'query' | 'outcome'>;
  rejectedAuth: Counter<'code'>;
}

/** Registers the metrics; `state` is read when they are scraped. */
export function createHttpMetrics(
  registry: Registry,
  state: { queriesRunning(): number; queriesWaiting(): number; bytesInFlight(): number },
): HttpMetrics {
  const registers = [registry];
  const gauge = (name: string, help: string, read: () => number): void => {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  };
  gauge('shadower_http_queries_running', 'Catalog queries that are running for HTTP callers.', state.queriesRunning);
  gauge('shadower_http_queries_waiting', 'Catalog queries that wait for their turn.', state.queriesWaiting);
  gauge(
    'shadower_http_ingest_in_flight_bytes',
    'Bytes of event and trace requests that are being handled.',
    state.bytesInFlight,
  );
  return {
    duration: new Histogram({
      name: 'http_server_request_duration_seconds',
      help: 'Duration of HTTP server requests.',
      labelNames: ['http_request_method', 'http_route', 'http_response_status_code'],
      buckets: [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10],
      registers,
    }),
    active: new Gauge({
      name: 'http_server_active_requests',
      help: 'Number of active HTTP server requests.',
      labelNames: ['http_request_method'],
      registers,
    }),
    events: new Counter({
      name: 'shadower_http_events_total',
      help: 'JSON events received over HTTP by outcome: accepted, dead_letter (logged, but will be refused) or refused (not logged); code says why.',
      labelNames: ['outcome', 'code'],
      registers,
    }),
    spans: new Counter({
      name: 'shadower_http_spans_total',
      help: 'OpenTelemetry spans received over HTTP by outcome: accepted or rejected (logged, but will be dead letters).',
      labelNames: ['outcome'],
      registers,
    }),
    bytes: new Counter({
      name: 'shadower_http_ingest_bytes_total',
      help: 'Bytes of event and trace requests, decompressed.',
      labelNames: ['route'],
      registers,
    }),
    appendDuration: new Histogram({
      name: 'shadower_http_append_duration_seconds',
      help: 'Time until the records of a request were durable in the event log, or were refused by it.',
      labelNames: ['outcome'],
      buckets: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers,
    }),
    queryDuration: new Histogram({
      name: 'shadower_http_query_duration_seconds',
      help: 'Duration of catalog queries with the wait for their turn; outcome is ok or an error code.',
      labelNames: ['query', 'outcome'],
      buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
      registers,
    }),
    rejectedAuth: new Counter({
      name: 'shadower_http_auth_refused_total',
      help: 'Requests refused for their credentials, by error code.',
      labelNames: ['code'],
      registers,
    }),
  };
}
