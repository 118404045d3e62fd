import { deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { EVENT_TYPE, KEYS, start, validEvent, type Harness } from './testing/harness';

const TOPIC = `shadower.${EVENT_TYPE}`;
let h: Harness;
beforeEach(async () => {
  h = await start();
});
afterEach(() => h.app.close());

const post = (payload: string | Buffer, headers: Record<string, string> = {}, key: string = KEYS.ingest) =>
  h.app.inject({
    method: 'POST',
    url: '/v1/events',
    payload,
    headers: { 'x-api-key': key, 'content-type': 'application/json', ...headers },
  });
const ndjson = { 'content-type': 'application/x-ndjson' };
const stored = () => h.records(TOPIC).map((r) => r.value!.toString());

describe('POST /v1/events', () => {
  it('takes one event, an array and lines, byte for byte where it can', async () => {
    const [a, b, c, d, e] = [1, 2, 3, 4, 5].map(() => validEvent());
    const single = JSON.stringify(a, null, 2);
    expect((await post(single)).json()).toEqual({ accepted: 1, rejectedCount: 0, rejected: [] });
    expect((await post(JSON.stringify([b, c]))).statusCode).toBe(202);
    const r = await post(`${JSON.stringify(d)}\r\n\n  \n${JSON.stringify(e)}`, ndjson);
    expect([r.statusCode, r.json()]).toEqual([202, { accepted: 2, rejectedCount: 0, rejected: [] }]);
    expect(stored()).toEqual([single, ...[b, c, d, e].map((x) => JSON.stringify(x))]);
    expect(h.records(TOPIC).map((x) => [x.key!.toString(), x.headers.workspace])).toEqual(
      [a, b, c, d, e].map((x) => [x!.event_id, 'demo']),
    );
    expect(h.items().map((i) => i.kind)).toEqual(Array(5).fill('event'));
  });

  it('fills in the only workspace, and the one that the header names', async () => {
    const { workspace: _, ...event } = validEvent();
    expect((await post(JSON.stringify(event))).statusCode).toBe(202);
    expect((await post(JSON.stringify(event), { 'x-shadower-workspace': 'other' }, KEYS.both)).statusCode).toBe(202);
    expect(h.items()).toMatchObject([
      { kind: 'event', event: { workspace: 'demo' } },
      { kind: 'event', event: { workspace: 'other' } },
    ]);
    const none = await post(JSON.stringify(event), {}, KEYS.both);
    expect([none.statusCode, none.json().code]).toEqual([400, 'EVENT_NO_WORKSPACE']);
    // Present and empty, so that a topic with a default workspace does not count what was refused here.
    expect(h.records(TOPIC).map((x) => x.headers.workspace)).toEqual(['demo', 'other', '']);
  });

  it('never logs an event of a workspace that is not granted', async () => {
    const r = await post(JSON.stringify([validEvent(), validEvent({ workspace: 'other' }), validEvent()]));
    expect(r.statusCode).toBe(202);
    expect(r.json()).toMatchObject({
      accepted: 2,
      rejectedCount: 1,
      rejected: [{ index: 1, code: 'EVENT_WRONG_WORKSPACE' }],
    });
    expect(stored().join()).not.toContain('"other"');
    const all = await post(JSON.stringify(validEvent({ workspace: 'other' })));
    expect([all.statusCode, all.json().code]).toEqual([403, 'EVENT_WRONG_WORKSPACE']);
    expect((await post('[]', { 'x-shadower-workspace': 'other' })).statusCode).toBe(403);
    expect((await post(JSON.stringify(validEvent({ workspace: 'anything' })), {}, KEYS.all)).statusCode).toBe(202);
  });

  it('answers for invalid events one by one, and logs them for the dead letters', async () => {
    const body = [
      JSON.stringify(validEvent()),
      '{"type":"no.such"}',
      '{broken',
      JSON.stringify(validEvent({ latency_ms: -1 })),
      '7',
      '"\xff"',
    ];
    const r = await post(Buffer.from(body.join('\n'), 'latin1'), ndjson);
    expect(r.statusCode).toBe(202);
    expect(r.json()).toMatchObject({ accepted: 1, rejectedCount: 5 });
    expect(r.json().rejected.map((x: { index: number; code: string }) => [x.index, x.code])).toEqual([
      [1, 'EVENT_UNKNOWN_TYPE'],
      [2, 'EVENT_NOT_JSON'],
      [3, 'EVENT_INVALID'],
      [4, 'EVENT_NOT_OBJECT'],
      [5, 'EVENT_NOT_UTF8'],
    ]);
    const letters = h.items().flatMap((i) => (i.kind === 'dead_letter' ? [[i.letter.workspace, i.letter.code]] : []));
    expect(letters.sort()).toEqual(
      ['EVENT_INVALID', 'EVENT_NOT_JSON', 'EVENT_NOT_OBJECT', 'EVENT_NOT_UTF8', 'EVENT_UNKNOWN_TYPE'].map((c) => [
        'demo',
        c,
      ]),
    );
    const none = await post('[{"type":"no.such"},5]');
    expect(none.statusCode).toBe(400);
    expect(none.json()).toMatchObject({
      code: 'EVENT_INVALID',
      details: { accepted: 0, rejectedCount: 2 },
      requestId: expect.any(String),
    });
  });

  it('judges as the pipeline judges, whatever comes', async () => {
    const value = fc.oneof(
      fc.jsonValue({ maxDepth: 2 }),
      fc.record(
        {
          type: fc.constantFrom(EVENT_TYPE, 'x.y'),
          workspace: fc.constantFrom('demo', 'other', '', '-', 5),
          time: fc.anything({ maxDepth: 0 }),
        },
        { requiredKeys: [] },
      ),
      fc
        .dictionary(
          fc.constantFrom('latency_ms', 'kind', 'time', 'event_id', 'status_code', 'more'),
          fc.jsonValue({ maxDepth: 1 }),
        )
        .map((d) => validEvent(d)),
      fc.constant(null).map(() => validEvent()),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(value, { maxLength: 12 }), fc.boolean(), async (values, asLines) => {
        const own = await start();
        const texts = values.map((v) => JSON.stringify(v) ?? 'undefined');
        const r = await own.app.inject({
          method: 'POST',
          url: '/v1/events',
          payload: asLines
            ? texts.join('\n') + '\n'
            : `[${texts.map((t) => (t === 'undefined' ? 'null' : t)).join(',')}]`,
          headers: { 'x-api-key': KEYS.ingest, 'content-type': asLines ? 'application/x-ndjson' : 'application/json' },
        });
        expect([202, 400, 403, 413]).toContain(r.statusCode);
        const answer = r.json().accepted === undefined ? r.json().details : r.json();
        if (answer === undefined) return;
        const items = own.items();
        const foreign = answer.rejected.filter((x: { code: string }) => x.code === 'EVENT_WRONG_WORKSPACE').length;
        expect(items.filter((i) => i.kind === 'event')).toHaveLength(answer.accepted);
        expect(items.filter((i) => i.kind === 'dead_letter')).toHaveLength(answer.rejectedCount - foreign);
        for (const i of items) if (i.kind === 'event') expect(i.event.workspace).toBe('demo');
        await own.app.close();
      }),
      { numRuns: 60 },
    );
  }, 120_000);

  it('survives random bytes', async () => {
    const types = fc.constantFrom(
      'application/json',
      'application/x-ndjson',
      'application/json; charset=latin1',
      'text/plain',
      '',
    );
    const encodings = fc.constantFrom('identity', 'gzip', 'deflate', 'br', 'gzip, gzip');
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), types, encodings, async (bytes, type, encoding) => {
        const r = await post(Buffer.from(bytes), { 'content-type': type, 'content-encoding': encoding });
        expect(r.statusCode).toBeGreaterThanOrEqual(400);
        expect(r.statusCode).toBeLessThan(500);
        expect(r.json()).toMatchObject({
          code: expect.stringMatching(/^[A-Z0-9_]+$/),
          message: expect.any(String),
          requestId: r.headers['x-request-id'],
        });
      }),
      { numRuns: 200 },
    );
    expect(h.logged).toEqual([]);
  });

  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['deflate', deflateRawSync],
  ])('understands %s', async (encoding, compress) => {
    const r = await post(compress(Buffer.from(JSON.stringify([validEvent(), validEvent()]))), {
      'content-encoding': encoding,
    });
    expect(r.json().accepted).toBe(2);
  });

  it('accepts nothing of a compressed body that ends too early', async () => {
    const lines = Array.from({ length: 500 }, () => JSON.stringify(validEvent())).join('\n');
    const whole = gzipSync(lines);
    for (const length of [whole.length - 1, whole.length >> 1, 12, 0]) {
      const r = await post(whole.subarray(0, length), { ...ndjson, 'content-encoding': 'gzip' });
      expect([r.statusCode, r.json().code]).toEqual([400, 'INPUT_TRUNCATED']);
    }
    const broken = Buffer.from(whole);
    broken.fill(0xaa, 40, 60);
    expect((await post(broken, { ...ndjson, 'content-encoding': 'gzip' })).json().code).toBe('INPUT_CORRUPT');
    expect(stored()).toEqual([]);
    expect((await post(whole, { ...ndjson, 'content-encoding': 'gzip' })).json().accepted).toBe(500);
  });

  it('is not blown up by a small body that decompresses to a large one', async () => {
    const bomb = gzipSync(Buffer.alloc(200 * 1024 * 1024, 0x20));
    expect(bomb.length).toBeLessThan(300_000);
    const before = process.memoryUsage().rss;
    for (let i = 0; i < 3; i++) {
      const r = await post(bomb, { 'content-encoding': 'gzip' });
      expect([r.statusCode, r.json().code]).toEqual([413, 'REQUEST_TOO_LARGE']);
    }
    expect(process.memoryUsage().rss - before).toBeLessThan(600 * 1024 * 1024);
  });

  it('keeps to the limits of body and event', async () => {
    const r = await post(Buffer.alloc(17 * 1024 * 1024, 0x20));
    expect([r.statusCode, r.json().code]).toEqual([413, 'REQUEST_TOO_LARGE']);
    const line = `{"type":"${EVENT_TYPE}","x":"${'y'.repeat(10 * 1024 * 1024)}"}`;
    const mixed = await post([JSON.stringify(validEvent()), line, JSON.stringify(validEvent())].join('\n'), ndjson);
    expect(mixed.json()).toMatchObject({ accepted: 2, rejected: [{ index: 1, code: 'EVENT_TOO_LARGE' }] });
    const alone = await post(line, ndjson);
    expect([alone.statusCode, alone.json().code]).toEqual([413, 'EVENT_TOO_LARGE']);
    expect(stored()).toHaveLength(2);
  });

  it.each([
    ['text/plain', 415, 'INPUT_UNSUPPORTED'],
    ['application/xml', 415, 'INPUT_UNSUPPORTED'],
    ['application/json; charset=iso-8859-1', 415, 'INPUT_UNSUPPORTED'],
    ['application/json; charset="UTF-8"', 202, undefined],
    ['application/jsonl', 202, undefined],
  ])('content type %s', async (type, status, code) => {
    const r = await post(JSON.stringify(validEvent()), { 'content-type': type });
    expect([r.statusCode, r.json().code]).toEqual([status, code]);
  });

  it('refuses an encoding it does not know, an empty body and half a document', async () => {
    expect((await post('x', { 'content-encoding': 'br' })).json().code).toBe('INPUT_UNSUPPORTED');
    expect((await post('')).json().code).toBe('EVENT_EMPTY');
    expect((await post('[{"type":')).json().code).toBe('EVENT_NOT_JSON');
    expect((await post('[]')).statusCode).toBe(202);
  });

  it('answers 503 when the log refuses, and the retry is the same record', async () => {
    h.store.rejectAppends(1, true);
    const body = JSON.stringify(validEvent());
    const r = await post(body);
    expect([r.statusCode, r.json().code, r.headers['retry-after']]).toEqual([503, 'LOG_UNAVAILABLE', '2']);
    expect((await post(body)).statusCode).toBe(202);
    const [first, second] = h.records(TOPIC);
    expect([second!.key, second!.value, second!.headers]).toEqual([first!.key, first!.value, first!.headers]);
  });

  it('counts what it did', async () => {
    await post(JSON.stringify([validEvent(), { type: 'x' }, validEvent({ workspace: 'other' })]));
    const text = await h.metrics.metrics();
    expect(text).toContain('shadower_http_events_total{outcome="accepted",code=""} 1');
    expect(text).toContain('shadower_http_events_total{outcome="dead_letter",code="EVENT_UNKNOWN_TYPE"} 1');
    expect(text).toContain('shadower_http_events_total{outcome="refused",code="EVENT_WRONG_WORKSPACE"} 1');
    expect(text).toMatch(
      /http_server_request_duration_seconds_count\{http_request_method="POST",http_route="\/v1\/events",http_response_status_code="202"\} 1/,
    );
    expect(text).toContain('shadower_http_ingest_in_flight_bytes 0');
  });
});
