/** Finished spans as the OpenTelemetry SDK holds them, for its own serializers. */
import { SpanKind, SpanStatusCode, type HrTime } from '@opentelemetry/api';
import { resourceFromAttributes } from '@opentelemetry/resources';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';

/** `count` spans of one service: client and server in turn, each server span a child of the client span before it. */
export function sdkSpans(count: number, start = 1_700_000_000, resource: Record<string, string> = {}): ReadableSpan[] {
  const at = (i: number, ns: number): HrTime => [start + i, ns];
  const id = (i: number): string => (i + 1).toString(16).padStart(16, '0');
  const context = (i: number) => ({ traceId: (i + 1).toString(16).padStart(32, 'a'), spanId: id(i), traceFlags: 1 });
  const shared = resourceFromAttributes({ 'service.name': 'checkout', ...resource });
  return Array.from({ length: count }, (_, i) => ({
    name: `GET /items/${i}`,
    kind: i % 2 === 0 ? SpanKind.CLIENT : SpanKind.SERVER,
    spanContext: () => context(i),
    parentSpanContext: i % 2 === 0 ? undefined : context(i - 1),
    startTime: at(i, 123_456_789),
    endTime: at(i, 223_456_789),
    duration: [0, 100_000_000] as HrTime,
    ended: true,
    status: i % 2 === 0 ? { code: SpanStatusCode.UNSET } : { code: SpanStatusCode.ERROR, message: 'boom' },
    attributes: {
      'http.request.method': 'GET',
      'http.response.status_code': 200,
      'server.address': 'inventory',
      ratio: 0.5,
      list: ['a', 'b'],
    },
    links: [],
    events: [{ name: 'an event', time: at(i, 150_000_000), attributes: {} }],
    resource: shared,
    instrumentationScope: { name: 'shop', version: '1' },
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  }));
}
