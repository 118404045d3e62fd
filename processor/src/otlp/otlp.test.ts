import { JsonTraceSerializer, ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import fc from 'fast-check';
import { decodeTraces, encodeTraceResponse, splitTraces } from '.';
import { ExportTraceServiceRequest } from './proto';
import { sdkSpans } from './testing/sdk-spans';

type Any = Record<string, unknown>;
const span = (over: Any = {}): Any => ({
  traceId: '5b8efff798038103d269b633813fc60c',
  spanId: 'eee19b7ec3c1b174',
  name: 'op',
  kind: 2,
  startTimeUnixNano: '1544712660000000000',
  endTimeUnixNano: '1544712661000000123',
  ...over,
});
const request = (
  spans: unknown[],
  resource: unknown = { attributes: [{ key: 'service.name', value: { stringValue: 's' } }] },
): Any => ({
  resourceSpans: [{ resource, scopeSpans: [{ scope: { name: 'lib' }, spans }] }],
});
const json = (v: unknown): Buffer => Buffer.from(JSON.stringify(v));

/** The same request as protobuf: ids and bytes become bytes, the rest converts by protobuf's own rules. */
function toProto(v: unknown): Buffer {
  const convert = (x: unknown, key = ''): unknown => {
    if (Array.isArray(x)) return x.map((y) => convert(y));
    if (typeof x === 'string' && ['traceId', 'spanId', 'parentSpanId'].includes(key)) return Buffer.from(x, 'hex');
    if (typeof x === 'string' && key === 'bytesValue') return Buffer.from(x, 'base64');
    if (typeof x === 'object' && x !== null)
      return Object.fromEntries(Object.entries(x).map(([k, y]) => [k, convert(y, k)]));
    return x;
  };
  return Buffer.from(
    ExportTraceServiceRequest.encode(ExportTraceServiceRequest.fromObject(convert(v) as Any)).finish(),
  );
}

const hex = (bytes: number): fc.Arbitrary<string> =>
  fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((b) => Buffer.from(b).toString('hex'));
const text = fc.string({ unit: 'grapheme', maxLength: 12 });
const anyValue: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  any: fc.oneof(
    { depthSize: 'small' },
    fc.record({ stringValue: text }),
    fc.record({ boolValue: fc.boolean() }),
    fc.record({ intValue: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String) }),
    fc.record({ doubleValue: fc.double({ noNaN: true, noDefaultInfinity: true }) }),
    fc.record({ bytesValue: fc.uint8Array({ maxLength: 8 }).map((b) => Buffer.from(b).toString('base64')) }),
    fc.record({ arrayValue: fc.record({ values: fc.array(tie('any'), { maxLength: 3 }) }) }),
    fc.record({
      kvlistValue: fc.record({ values: fc.array(fc.record({ key: text, value: tie('any') }), { maxLength: 3 }) }),
    }),
    fc.constant({}),
  ),
})).any;
const keyValues = fc.array(fc.record({ key: text, value: anyValue }), { maxLength: 4 });
const anySpan = fc.record(
  {
    traceId: fc.oneof({ weight: 9, arbitrary: hex(16) }, { weight: 1, arbitrary: fc.constantFrom('', '0'.repeat(32)) }),
    spanId: hex(8),
    parentSpanId: fc.oneof(hex(8), fc.constant('')),
    name: text,
    kind: fc.integer({ min: 0, max: 7 }),
    startTimeUnixNano: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String),
    endTimeUnixNano: fc.bigInt({ min: 2n ** 63n, max: 2n ** 64n - 1n }).map(String),
    attributes: keyValues,
    status: fc.record({ code: fc.integer({ min: 0, max: 3 }), message: text }, { requiredKeys: [] }),
  },
  { requiredKeys: ['traceId', 'spanId', 'startTimeUnixNano', 'endTimeUnixNano'] },
);
const anyRequest = fc.record({
  resourceSpans: fc.array(
    fc.record({
      resource: fc.record({ attributes: keyValues }),
      scopeSpans: fc.array(
        fc.record({ scope: fc.record({ name: text }), spans: fc.array(anySpan, { maxLength: 4 }) }),
        { maxLength: 3 },
      ),
    }),
    { maxLength: 3 },
  ),
});

describe('decodeTraces', () => {
  it('reads every field of a JSON span', () => {
    const body = json(
      request([
        span({
          parentSpanId: 'EEE19B7EC3C1B173',
          kind: 'SPAN_KIND_CLIENT',
          status: { code: 2, message: 'broken' },
          droppedAttributesCount: 3,
          attributes: [
            { key: 's', value: { stringValue: 'x' } },
            { key: 'i', value: { intValue: '42' } },
            { key: 'n', value: { intValue: 43 } },
            { key: 'big', value: { intValue: '9223372036854775807' } },
            { key: 'd', value: { doubleValue: 1.5 } },
            { key: 'b', value: { boolValue: false } },
            { key: 'a', value: { arrayValue: { values: [{ stringValue: 'p' }, { intValue: '1' }] } } },
            { key: 'm', value: { kvlistValue: { values: [{ key: 'k', value: { boolValue: true } }] } } },
            { key: 'none', value: {} },
          ],
        }),
      ]),
    );
    expect(decodeTraces(body, 'otlp')).toEqual({
      rejected: [],
      spans: [
        {
          traceId: '5b8efff798038103d269b633813fc60c',
          spanId: 'eee19b7ec3c1b174',
          parentSpanId: 'eee19b7ec3c1b173',
          name: 'op',
          kind: 'client',
          startMs: 1544712660000,
          endMs: 1544712661000.0002,
          status: 'error',
          statusMessage: 'broken',
          attributes: {
            s: 'x',
            i: 42,
            n: 43,
            big: '9223372036854775807',
            d: 1.5,
            b: false,
            a: '["p",1]',
            m: '{"k":true}',
          },
          resource: { 'service.name': 's' },
          scope: 'lib',
        },
      ],
    });
  });

  it('gives the same result for JSON and protobuf', () => {
    fc.assert(
      fc.property(anyRequest, (r) => {
        const a = decodeTraces(json(r), 'otlp_json');
        const b = decodeTraces(toProto(r), 'otlp_proto');
        expect(b.spans).toEqual(a.spans);
        expect(b.rejected.map((x) => x.index)).toEqual(a.rejected.map((x) => x.index));
      }),
      { numRuns: 500 },
    );
  });

  it('is within a microsecond of the exact time', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: 4n * 10n ** 18n }), (ns) => {
        const { spans } = decodeTraces(
          json(request([span({ startTimeUnixNano: String(ns), endTimeUnixNano: String(ns) })])),
          'otlp',
        );
        const ms = spans[0]!.startMs;
        const back = BigInt(Math.floor(ms)) * 1_000_000n + BigInt(Math.round((ms - Math.floor(ms)) * 1e6));
        expect(Number(back > ns ? back - ns : ns - back)).toBeLessThan(1000);
      }),
    );
  });

  it('reads what the OpenTelemetry SDK sends, in both encodings', () => {
    const spans = sdkSpans(50);
    const p = decodeTraces(Buffer.from(ProtobufTraceSerializer.serializeRequest(spans)!), 'otlp');
    const j = decodeTraces(Buffer.from(JsonTraceSerializer.serializeRequest(spans)!), 'otlp');
    expect(p.rejected).toEqual([]);
    expect(p).toEqual(j);
    expect(p.spans).toHaveLength(50);
    const [first] = p.spans;
    const [sent] = spans;
    expect(first).toMatchObject({
      traceId: sent!.spanContext().traceId,
      spanId: sent!.spanContext().spanId,
      name: sent!.name,
      kind: 'client',
      status: 'unset',
      scope: 'shop',
      resource: { 'service.name': 'checkout' },
      attributes: { 'http.request.method': 'GET', 'http.response.status_code': 200, ratio: 0.5, list: '["a","b"]' },
    });
    expect(first!.startMs).toBeCloseTo(sent!.startTime[0] * 1000 + sent!.startTime[1] / 1e6, 3);
    expect(p.spans[1]).toMatchObject({
      kind: 'server',
      status: 'error',
      statusMessage: 'boom',
      parentSpanId: first!.spanId,
    });
  });

  it('refuses single spans and keeps the others', () => {
    const bad: [Any, string][] = [
      [
        { traceId: 'W47/95gDgQPSabYzgT/GDA==' },
        'traceId is "W47/95gDgQPSabYzgT/GDA=="; it takes 32 hexadecimal digits',
      ],
      [{ traceId: undefined }, 'traceId is missing'],
      [{ traceId: '0'.repeat(32) }, 'all zero'],
      [{ spanId: 'eee19b7ec3c1b17' }, 'spanId'],
      [{ spanId: 5 }, 'spanId'],
      [{ parentSpanId: 'xyz' }, 'parentSpanId'],
      [{ startTimeUnixNano: undefined }, 'startTimeUnixNano is missing'],
      [{ startTimeUnixNano: '2018-12-13' }, 'startTimeUnixNano is "2018-12-13"'],
      [{ startTimeUnixNano: -1 }, 'startTimeUnixNano'],
      [{ endTimeUnixNano: '18446744073709551616' }, 'endTimeUnixNano'],
      [{ endTimeUnixNano: '1' }, 'before'],
      [{ kind: 'CLIENT' }, 'SPAN_KIND_CLIENT'],
      [{ name: 7 }, 'name is 7'],
      [{ attributes: { a: 1 } }, 'attributes'],
      [{ attributes: [{ key: 'a', value: 'plain' }] }, 'attribute'],
      [{ attributes: [{ key: 'a', value: { intValue: '1.5' } }] }, 'intValue'],
    ];
    const body = json(request([span(), ...bad.map(([o]) => span(o)), null, span()]));
    const { spans, rejected } = decodeTraces(body, 'otlp');
    expect(spans).toHaveLength(2);
    expect(rejected.map((r) => r.index)).toEqual([...bad.map((_, i) => i + 1), bad.length + 1]);
    bad.forEach(([, reason], i) => expect(rejected[i]!.reason).toContain(reason));
  });

  it('refuses the spans of an unreadable resource, and no others', () => {
    const good = request([span()]) as { resourceSpans: unknown[] };
    const bad = request([span(), span()], { attributes: 'x' }) as { resourceSpans: unknown[] };
    const result = decodeTraces(json({ resourceSpans: [...bad.resourceSpans, ...good.resourceSpans] }), 'otlp');
    expect(result.spans).toHaveLength(1);
    expect(result.rejected.map((r) => r.reason)).toEqual(
      Array(2).fill('resourceSpans[0].resource: attributes is "x"; it takes an array'),
    );
  });

  it('does not follow attributes into the depth', () => {
    let value: Any = { stringValue: 'x' };
    for (let i = 0; i < 40; i++) value = { arrayValue: { values: [value] } };
    const body = request([span({ attributes: [{ key: 'a', value }] }), span()]);
    for (const encoded of [json(body), toProto(body)])
      expect(decodeTraces(encoded, 'otlp')).toMatchObject({
        rejected: [{ index: 0, reason: expect.stringContaining('deeper') }],
        spans: [{}],
      });
  });

  it('does not let an attribute name change the object', () => {
    const body = Buffer.from(
      JSON.stringify(request([span({ attributes: [{ key: '__proto__', value: { stringValue: 'x' } }] })])),
    );
    const [s] = decodeTraces(body, 'otlp').spans;
    expect(Object.getPrototypeOf(s!.attributes)).toBe(Object.prototype);
  });

  it.each([
    ['text', Buffer.from('hello'), 'otlp_json'],
    ['an array', Buffer.from('[]'), 'otlp_json'],
    ['snake_case', Buffer.from('{"resource_spans":[]}'), 'otlp'],
    ['a broken list', Buffer.from('{"resourceSpans":[{"scopeSpans":[{"spans":{}}]}]}'), 'otlp'],
    ['bad UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]), 'otlp'],
    ['truncated protobuf', toProto(request([span()])).subarray(0, 40), 'otlp'],
    ['noise', Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f, 1]), 'otlp'],
  ] as const)('refuses a whole request: %s', (_, body, encoding) => {
    expect(() => decodeTraces(body, encoding)).toThrow(expect.objectContaining({ code: 'OTLP_INVALID' }));
  });

  it('says where a whole request is broken', () => {
    const body = Buffer.from('{"resourceSpans":[{"scopeSpans":[]},{"scopeSpans":[{"spans":{}}]}]}');
    expect(() => decodeTraces(body, 'otlp')).toThrow('resourceSpans[1].scopeSpans[0].spans is {}; it takes an array');
  });

  it('takes an empty request', () => {
    expect(decodeTraces(Buffer.from('{}'), 'otlp')).toEqual({ spans: [], rejected: [] });
    expect(decodeTraces(Buffer.alloc(0), 'otlp')).toEqual({ spans: [], rejected: [] });
  });

  it('throws nothing but OTLP_INVALID on random bytes', () => {
    const attempt = (body: Buffer): void => {
      try {
        decodeTraces(body, 'otlp');
      } catch (e) {
        expect(e).toMatchObject({ code: 'OTLP_INVALID' });
      }
    };
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (b) => attempt(Buffer.from(b))),
      { numRuns: 500 },
    );
    fc.assert(fc.property(fc.json(), (t) => attempt(Buffer.from(t))));
    const valid = toProto(request([span({ attributes: [{ key: 'a', value: { stringValue: 'b' } }] })]));
    fc.assert(
      fc.property(fc.nat(valid.length - 1), fc.nat(255), (i, v) => {
        const b = Buffer.from(valid);
        b[i] = v;
        attempt(b);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('splitTraces', () => {
  const resourceOf = (w: string | undefined): Any => ({
    attributes: w === undefined ? [] : [{ key: 'shadower.workspace', value: { stringValue: w } }],
  });
  it('keeps every span, mixes no workspaces and keeps to the size', () => {
    const spans = fc.array(
      anySpan.map((s) => ({ ...s, traceId: '5b8efff798038103d269b633813fc60c' })),
      { maxLength: 8 },
    );
    const shape = fc.array(
      fc.record({ w: fc.constantFrom('a', 'b', undefined), scopes: fc.array(spans, { maxLength: 3 }) }),
      { maxLength: 4 },
    );
    fc.assert(
      fc.property(shape, fc.integer({ min: 300, max: 3000 }), (parts, maxBytes) => {
        const r = {
          resourceSpans: parts.map((p) => ({
            resource: resourceOf(p.w),
            scopeSpans: p.scopes.map((s) => ({ scope: { name: 'x' }, spans: s })),
          })),
        };
        for (const encoding of ['otlp_json', 'otlp_proto'] as const) {
          const body = encoding === 'otlp_json' ? json(r) : toProto(r);
          const whole = decodeTraces(body, encoding);
          const pieces = splitTraces(body, { encoding, maxBytes, attribute: 'shadower.workspace' });
          const decoded = pieces.map((p) => ({ ...p, ...decodeTraces(p.body, encoding) }));
          const ids = (all: typeof whole.spans): string[] => all.map((s) => JSON.stringify(s)).sort();
          expect(ids(decoded.flatMap((d) => d.spans))).toEqual(ids(whole.spans));
          expect(decoded.reduce((n, d) => n + d.rejected.length, 0)).toBe(whole.rejected.length);
          for (const d of decoded) {
            for (const s of d.spans) expect(s.resource['shadower.workspace']).toBe(d.value);
            if (d.spans.length + d.rejected.length > 1) expect(d.body.length).toBeLessThanOrEqual(maxBytes);
          }
        }
      }),
      { numRuns: 150 },
    );
  });
  it('keeps bytes that are not read here', () => {
    const spans = sdkSpans(40);
    const body = Buffer.from(ProtobufTraceSerializer.serializeRequest(spans)!);
    expect(body.includes('an event')).toBe(true);
    const pieces = splitTraces(body, { encoding: 'otlp_proto', maxBytes: 1000, attribute: 'w' });
    expect(pieces.length).toBeGreaterThan(5);
    const count = (b: Buffer): number => b.toString('latin1').split('an event').length - 1;
    expect(pieces.reduce((n, p) => n + count(p.body), 0)).toBe(count(body));
  });
});

describe('encodeTraceResponse', () => {
  it('is read by the SDK', () => {
    const partial = { rejectedSpans: 3, errorMessage: 'bad ids' };
    expect(ProtobufTraceSerializer.deserializeResponse(encodeTraceResponse('otlp_proto', partial))).toMatchObject({
      partialSuccess: { errorMessage: 'bad ids' },
    });
    expect(JSON.parse(encodeTraceResponse('otlp_json', partial).toString())).toEqual({
      partialSuccess: { rejectedSpans: '3', errorMessage: 'bad ids' },
    });
    expect(encodeTraceResponse('otlp_proto')).toHaveLength(0);
    expect(encodeTraceResponse('otlp_json').toString()).toBe('{}');
  });
});
