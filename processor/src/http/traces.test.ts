import { gzipSync } from 'node:zlib';
import { JsonTraceSerializer, ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import { decodeTraces } from '../otlp';
import { RpcStatus } from '../otlp/proto';
import { sdkSpans } from '../otlp/testing/sdk-spans';
import { KEYS, start, type Harness } from './testing/harness';

let h: Harness;
beforeEach(async () => {
  h = await start();
});
afterEach(() => h.app.close());

const JSON_TYPE = 'application/json';
const PROTOBUF = 'application/x-protobuf';
const post = (payload: Buffer, type: string, headers: Record<string, string> = {}, key: string = KEYS.ingest) =>
  h.app.inject({
    method: 'POST',
    url: '/v1/traces',
    payload,
    headers: { 'x-api-key': key, 'content-type': type, ...headers },
  });
const proto = (spans: ReturnType<typeof sdkSpans>): Buffer =>
  Buffer.from(ProtobufTraceSerializer.serializeRequest(spans)!);
const json = (spans: ReturnType<typeof sdkSpans>): Buffer => Buffer.from(JsonTraceSerializer.serializeRequest(spans)!);

describe('POST /v1/traces', () => {
  it.each([
    ['protobuf', PROTOBUF, proto, ProtobufTraceSerializer],
    ['JSON', JSON_TYPE, json, JsonTraceSerializer],
  ])('takes what an SDK exports as %s', async (_, type, serialize, serializer) => {
    const body = serialize(sdkSpans(20));
    for (const [payload, headers] of [
      [body, {}],
      [gzipSync(body), { 'content-encoding': 'gzip' }],
    ] as const) {
      const r = await post(payload, type, headers);
      expect([r.statusCode, r.headers['content-type']]).toEqual([200, type]);
      expect(serializer.deserializeResponse(r.rawPayload)?.partialSuccess?.rejectedSpans ?? 0).toBe(0);
    }
    const records = h.records('otlp_spans');
    expect(records.map((r) => r.value)).toEqual([body, body]);
    expect(records[0]!.key).toEqual(records[1]!.key);
    expect(records[0]!.headers).toEqual({ workspace: 'demo' });
    const items = h.items();
    expect(items).toHaveLength(40);
    for (const i of items)
      expect(i).toMatchObject({ kind: 'event', event: { workspace: 'demo', type: 'integration.api_call' } });
  });

  it('says in partial_success which spans were refused, and keeps the others', async () => {
    const request = JSON.parse(json(sdkSpans(3)).toString());
    request.resourceSpans[0].scopeSpans[0].spans[1].traceId = 'nonsense';
    const r = await post(Buffer.from(` ${JSON.stringify(request)}`), JSON_TYPE);
    expect(r.statusCode).toBe(200);
    expect(r.json()).toEqual({
      partialSuccess: {
        rejectedSpans: '1',
        errorMessage: 'span 1: traceId is "nonsense"; it takes 32 hexadecimal digits',
      },
    });
    expect(
      h
        .items()
        .map((i) => i.kind)
        .sort(),
    ).toEqual(['dead_letter', 'event', 'event']);
  });

  it('cuts large requests into records the log takes', async () => {
    await h.app.close();
    h = await start({ limits: { eventBytes: 3000 } });
    const body = proto(sdkSpans(200));
    expect((await post(body, PROTOBUF)).statusCode).toBe(200);
    const records = h.records('otlp_spans');
    expect(records.length).toBeGreaterThan(10);
    for (const r of records) expect(r.value!.length).toBeLessThanOrEqual(3000);
    expect(h.items()).toHaveLength(200);
    // A single span beyond the limit could never be logged.
    const [huge] = sdkSpans(1, 1_700_000_000, { 'service.version': 'x'.repeat(4000) });
    const r = await post(proto([huge!]), PROTOBUF);
    expect(r.statusCode).toBe(413);
  });

  it('fences the workspace', async () => {
    const of = (w: string) => sdkSpans(2, 1_700_000_000, { 'shadower.workspace': w });
    expect((await post(proto(of('other')), PROTOBUF)).statusCode).toBe(403);
    expect((await post(proto(sdkSpans(1)), PROTOBUF, { 'x-shadower-workspace': 'other' })).statusCode).toBe(403);
    expect((await post(proto(sdkSpans(1)), PROTOBUF, {}, KEYS.both)).statusCode).toBe(400);
    expect(h.records('otlp_spans')).toEqual([]);

    expect((await post(proto([...of('other'), ...of('demo')]), PROTOBUF, {}, KEYS.both)).statusCode).toBe(200);
    const records = h.records('otlp_spans');
    expect(records.map((r) => r.headers.workspace).sort()).toEqual(['demo', 'other']);
    for (const r of records)
      for (const s of decodeTraces(r.value!, 'otlp').spans)
        expect(s.resource['shadower.workspace']).toBe(r.headers.workspace);
    expect((await post(proto(sdkSpans(1)), PROTOBUF, { 'x-shadower-workspace': 'other' }, KEYS.both)).statusCode).toBe(
      200,
    );
    expect(h.records('otlp_spans')[2]!.headers.workspace).toBe('other');
  });

  it('fences resources whose spans are all refused', async () => {
    const of = (w: string) =>
      JSON.parse(json(sdkSpans(2, 1_700_000_000, { 'shadower.workspace': w })).toString()).resourceSpans[0];
    const bad = of('victim');
    for (const s of bad.scopeSpans[0].spans) s.spanId = 'x';
    const body = Buffer.from(JSON.stringify({ resourceSpans: [of('demo'), of('other'), bad] }));
    expect((await post(body, JSON_TYPE, {}, KEYS.both)).statusCode).toBe(403);
    expect(
      (await post(json(sdkSpans(1, 1_700_000_000, { 'shadower.workspace': 'no name' })), JSON_TYPE, {}, KEYS.all))
        .statusCode,
    ).toBe(403);
    expect(h.records('otlp_spans')).toEqual([]);
  });

  it('answers errors as a google.rpc.Status in the encoding of the request', async () => {
    const status = (b: Buffer) => RpcStatus.decode(b).toJSON();
    const broken = await post(Buffer.from([0x0a, 0xff, 0xff]), PROTOBUF);
    expect([broken.statusCode, broken.headers['content-type']]).toEqual([400, PROTOBUF]);
    expect(status(broken.rawPayload)).toMatchObject({ code: 3, message: expect.stringContaining('OTLP_INVALID') });
    const text = await post(Buffer.from('{"resource_spans":[]}'), JSON_TYPE);
    expect([text.statusCode, text.json()]).toEqual([
      400,
      { code: 3, message: expect.stringContaining('no resourceSpans') },
    ]);
    h.store.rejectAppends(1);
    const down = await post(proto(sdkSpans(1)), PROTOBUF);
    expect([down.statusCode, down.headers['retry-after'], status(down.rawPayload).code]).toEqual([503, '2', 14]);
    const anonymous = await h.app.inject({
      method: 'POST',
      url: '/v1/traces',
      payload: '{}',
      headers: { 'content-type': JSON_TYPE },
    });
    expect([anonymous.statusCode, anonymous.json().code]).toEqual([401, 16]);
    expect((await post(Buffer.from('x'), 'text/plain')).statusCode).toBe(415);
    expect(
      (await post(gzipSync(proto(sdkSpans(5))).subarray(0, 50), PROTOBUF, { 'content-encoding': 'gzip' })).statusCode,
    ).toBe(400);
  });

  it('takes an empty request', async () => {
    expect((await post(Buffer.from('{}'), JSON_TYPE)).json()).toEqual({});
    expect((await post(Buffer.alloc(0), PROTOBUF)).statusCode).toBe(200);
    expect(h.records('otlp_spans')).toEqual([]);
  });
});
