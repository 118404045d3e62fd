/**
 * Deliberately broken input through every door, into a stack started by the command itself: each piece is refused with a
 * code and a reason that says what and where, and everything valid around it arrives and is counted once. Then dead
 * letters by command, a second start on the same data, and the ends by signal.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { constants, gunzipSync, gzipSync } from 'node:zlib';
import { cli, startCommand } from './support/cli.mjs';
import { kafkaHarness, produce, protobufOf } from './support/kafka.mjs';
import {
  Api,
  apiKeyEntry,
  cleanUp,
  freePorts,
  onEnd,
  startClickHouse,
  startStack,
  tempFolder,
} from './support/stack.mjs';
import { check, main, skip } from './support/tally.mjs';

const MB = 1_000_000;
const NDJSON = { 'content-type': 'application/x-ndjson' };
const JSON_TYPE = { 'content-type': 'application/json' };
const TYPE = 'integration.api_call';
const now = Math.floor(Date.now() / 60_000) * 60_000;

/** A valid event of five minutes ago. */
const event = (id, extra = {}) => ({
  type: TYPE,
  event_id: id,
  time: new Date(now - 300_000).toISOString(),
  integration: 'payments',
  endpoint: '/v1/charges',
  latency_ms: 12.5,
  ...extra,
});
const line = (id, extra) => JSON.stringify(event(id, extra));
const NOT_UTF8 = Buffer.concat([Buffer.from(line('utf8').slice(0, -2)), Buffer.from([0xff, 0xfe]), Buffer.from('"}')]);
/** An event whose `__proto__` is a field of its own, which JSON allows. */
const PROTO = `${line('proto').slice(0, -1)},"__proto__":{"latency_ms":1}}`;
const huge = (id, bytes) => line(id, { endpoint: 'x'.repeat(bytes) });

const span = (i, extra = {}) => ({
  traceId: 'ab'.repeat(16),
  spanId: (i + 1).toString(16).padStart(16, '0'),
  name: 'Charge',
  kind: 3,
  startTimeUnixNano: `${now - 300_000}000000`,
  endTimeUnixNano: `${now - 300_000}500000`,
  attributes: [
    { key: 'rpc.system', value: { stringValue: 'grpc' } },
    { key: 'rpc.service', value: { stringValue: 'Payments' } },
    { key: 'rpc.method', value: { stringValue: 'Charge' } },
  ],
  ...extra,
});
const request = (spans, attributes = {}) =>
  JSON.stringify({
    resourceSpans: [
      {
        resource: {
          attributes: Object.entries({ 'service.name': 'checkout', ...attributes }).map(([key, stringValue]) => ({
            key,
            value: { stringValue },
          })),
        },
        scopeSpans: [{ spans }],
      },
    ],
  });

/** What must have come of everything sent so far to workspace demo; the pipeline's own count is held against it. */
const expected = {};
const expect = (key, n = 1) => (expected[key] = (expected[key] ?? 0) + n);
const used = (n = 1) => expect(`used ${TYPE}`, n);
const dead = (code, n = 1) => expect(`dead_letter ${code}`, n);
const sum = (o) => Object.values(o).reduce((a, b) => a + b, 0);

async function settled(api) {
  const totals = await api.accounted(sum(expected));
  const wanted = { ...expected };
  // One failure is not to fail everything after it.
  for (const key of Object.keys(expected)) delete expected[key];
  Object.assign(expected, totals);
  assert.deepEqual(totals, wanted);
}

const verdicts = (answer) => (answer.json.rejected ?? answer.json.details.rejected).map((r) => [r.index, r.code]);
function refusedAs(answer, status, code, reason) {
  assert.deepEqual([answer.status, answer.json?.code], [status, code], answer.text);
  assert.match(answer.json.message, reason);
}

async function overHttp(api) {
  const send = (body, headers = NDJSON) => api.send('POST', '/v1/events', body, headers);

  await check('array: each broken event is named by position, code and field; the valid ones are counted', async () => {
    const list = [
      line('a1'),
      line('a2', { latency_ms: 'slow' }),
      line('a3', { type: 'integration.nonsense' }),
      '42',
      'null',
      PROTO,
      line('a6', { workspace: 'elsewhere' }),
      line('a7', { latency_ms: -1, method: '' }),
      line('a8', { event_id: '' }),
      line('a9', { surprise: true }),
      line('a10', { time: 'yesterday' }),
      '{}',
      line('a12', { workspace: 'demo' }),
    ];
    const answer = await send(`[${list.join(',')}]`, JSON_TYPE);
    assert.equal(answer.status, 202);
    assert.equal(answer.json.accepted, 2);
    assert.equal(answer.json.rejectedCount, 11);
    assert.deepEqual(verdicts(answer), [
      [1, 'EVENT_INVALID'],
      [2, 'EVENT_UNKNOWN_TYPE'],
      [3, 'EVENT_NOT_OBJECT'],
      [4, 'EVENT_NOT_OBJECT'],
      [5, 'EVENT_INVALID'],
      [6, 'EVENT_WRONG_WORKSPACE'],
      [7, 'EVENT_INVALID'],
      [8, 'EVENT_INVALID'],
      [9, 'EVENT_INVALID'],
      [10, 'EVENT_INVALID'],
      [11, 'EVENT_UNKNOWN_TYPE'],
    ]);
    const reasons = Object.fromEntries(answer.json.rejected.map((r) => [r.index, r.reason]));
    for (const [index, reason] of [
      [1, /latency_ms/],
      [2, /integration\.nonsense.*known types/],
      [5, /__proto__/],
      [6, /elsewhere/],
      [7, /latency_ms.*method|method.*latency_ms/],
      [8, /event_id/],
      [9, /surprise/],
      [10, /time/],
    ])
      assert.match(reasons[index], reason);
    used(2);
    dead('EVENT_INVALID', 6);
    dead('EVENT_UNKNOWN_TYPE', 2);
    dead('EVENT_NOT_OBJECT', 2);
    // Another workspace's event leaves no trace in either.
    await settled(api);
  });

  await check('NDJSON: bad JSON, bad UTF-8, a 10 MB line, blank lines and CRLF', async () => {
    const parts = [line('n1'), '{"type":', NOT_UTF8, huge('n3', 10 * MB), '', `${line('n4')}\r`, line('n5')];
    const answer = await send(Buffer.concat(parts.flatMap((p) => [Buffer.from(p), Buffer.from('\n')])));
    assert.equal(answer.status, 202, answer.text);
    assert.deepEqual(
      [answer.json.accepted, verdicts(answer)],
      [
        3,
        [
          [1, 'EVENT_NOT_JSON'],
          [2, 'EVENT_NOT_UTF8'],
          [3, 'EVENT_TOO_LARGE'],
        ],
      ],
    );
    assert.match(answer.json.rejected[2].reason, /\d{8} bytes; the limit for one event is \d+/);
    used(3);
    dead('EVENT_NOT_JSON');
    dead('EVENT_NOT_UTF8');
    await settled(api);
  });

  await check('gzip: whole it counts; cut or damaged nothing of it does, and sent again it does', async () => {
    const body = gzipSync(
      Array.from({ length: 500 }, (_, i) => line(`g${i}-${randomBytes(8).toString('hex')}`)).join('\n'),
    );
    const headers = { ...NDJSON, 'content-encoding': 'gzip' };
    refusedAs(await send(body.subarray(0, body.length / 2), headers), 400, 'INPUT_TRUNCATED', /nothing was accepted/);
    const damaged = Buffer.from(body);
    damaged.fill(0xaa, 200, 260);
    refusedAs(await send(damaged, headers), 400, 'INPUT_CORRUPT', /nothing was accepted/);
    refusedAs(await send(Buffer.from('not gzip'), headers), 400, 'INPUT_CORRUPT', /gzip/);
    await settled(api);
    assert.equal((await send(body, headers)).json.accepted, 500);
    used(500);
    await settled(api);
  });

  await check('requests that are wrong as a whole get a 4xx that says what', async () => {
    refusedAs(await send('[{"type":', JSON_TYPE), 400, 'EVENT_NOT_JSON', /JSON/);
    refusedAs(await send('', NDJSON), 400, 'EVENT_EMPTY', /no body/);
    refusedAs(await send(line('x'), { 'content-type': 'text/plain' }), 415, 'INPUT_UNSUPPORTED', /text\/plain; send/);
    refusedAs(await send(line('x'), { ...NDJSON, 'content-encoding': 'br' }), 415, 'INPUT_UNSUPPORTED', /br; send/);
    refusedAs(await send(Buffer.alloc(17 * 1024 * 1024, 'x')), 413, 'REQUEST_TOO_LARGE', /large/);
    const bomb = gzipSync(Buffer.alloc(80 * MB, ' '));
    refusedAs(await send(bomb, { ...NDJSON, 'content-encoding': 'gzip' }), 413, 'REQUEST_TOO_LARGE', /decompressed/);
    refusedAs(await send(line('x'), { ...NDJSON, 'x-api-key': 'wrong' }), 401, 'AUTH_INVALID', /./);
    refusedAs(
      await send(line('x'), { ...NDJSON, 'x-shadower-workspace': 'elsewhere' }),
      403,
      'AUTH_FORBIDDEN',
      /elsewhere/,
    );
    refusedAs(await send(line('x', { workspace: 'elsewhere' }), JSON_TYPE), 403, 'EVENT_WRONG_WORKSPACE', /elsewhere/);
    await settled(api);
  });
}

async function overOtlp(api) {
  const send = (body, headers = JSON_TYPE) => api.send('POST', '/v1/traces', body, headers);
  const PROTOBUF = { 'content-type': 'application/x-protobuf' };

  await check('OTLP: broken spans are counted in the answer and kept as dead letters, the others arrive', async () => {
    const answer = await send(
      request([
        span(0),
        span(1, { traceId: 'short' }),
        span(2, { endTimeUnixNano: '1' }),
        span(3, { startTimeUnixNano: 'soon' }),
        span(4),
        span(5, { kind: 1 }),
      ]),
    );
    assert.equal(answer.status, 200, answer.text);
    assert.equal(Number(answer.json.partialSuccess.rejectedSpans), 3);
    assert.match(answer.json.partialSuccess.errorMessage, /span 1: traceId.*span 2: endTime.*span 3: startTime/);
    used(2);
    dead('OTLP_INVALID', 3);
    expect('ignored span_kind_internal');
    await settled(api);
  });

  await check('OTLP: requests that cannot be read at all', async () => {
    // Errors of this route are a google.rpc.Status, so the code is part of the message.
    const message = (answer) => answer.json?.message ?? answer.text;
    const whole = protobufOf(request([span(10), span(11)]));
    for (const [body, headers, status, reason] of [
      ['{"resourceSpans":', JSON_TYPE, 400, /not JSON/],
      ['{"resource_spans":[]}', JSON_TYPE, 400, /no resourceSpans/],
      ['{"resourceSpans":{}}', JSON_TYPE, 400, /resourceSpans.*array/],
      [
        Buffer.concat([Buffer.from('{"resourceSpans":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')]),
        JSON_TYPE,
        400,
        /UTF-8/,
      ],
      [whole.subarray(0, whole.length - 20), PROTOBUF, 400, /protobuf/],
      [gzipSync(whole).subarray(0, 60), { ...PROTOBUF, 'content-encoding': 'gzip' }, 400, /ends after 60 bytes/],
      [request([span(12)], { 'shadower.workspace': 'elsewhere' }), JSON_TYPE, 403, /elsewhere/],
      [whole, { 'content-type': 'application/grpc' }, 415, /application\/grpc/],
    ]) {
      const answer = await send(body, headers);
      assert.equal(answer.status, status, answer.text);
      assert.match(message(answer), reason);
    }
    assert.equal((await send(whole, PROTOBUF)).status, 200);
    used(2);
    await settled(api);
  });
}

async function byFile(api, dataDir) {
  const files = tempFolder('files');
  const load = (file) => cli(['load', file, '--data', dataDir]);

  await check('file: each broken line is named by its number, everything around it arrives', async () => {
    const file = join(files, 'mixed.ndjson');
    const parts = [
      line('f1'),
      'this is no JSON',
      NOT_UTF8,
      line('f4', { latency_ms: null }),
      huge('f5', 10 * MB),
      line('f6'),
      request([span(20), span(21, { spanId: '' })]),
      huge('f8', 30 * MB),
      PROTO,
      '',
      line('f11', { event_id: undefined }),
      line('f12'),
    ];
    writeFileSync(file, Buffer.concat(parts.flatMap((p) => [Buffer.from(p), Buffer.from('\n')])));
    const result = await load(file);
    assert.equal(result.code, 1, result.all);
    for (const [number, code] of [
      [2, 'EVENT_NOT_JSON'],
      [3, 'EVENT_NOT_UTF8'],
      [4, 'EVENT_INVALID: latency_ms'],
      [5, 'EVENT_TOO_LARGE'],
      [7, 'OTLP_INVALID: span 1: spanId'],
      [8, 'EVENT_TOO_LARGE'],
      [9, 'EVENT_INVALID'],
    ])
      assert.ok(
        result.stdout.includes(`  line ${number}: ${code}`),
        `line ${number}: ${code} is missing in\n${result.stdout}`,
      );
    assert.match(result.stdout, /Loaded 11 lines: 5 events or spans taken in, 7 refused\./);
    used(5);
    dead('EVENT_NOT_JSON');
    dead('EVENT_NOT_UTF8');
    dead('EVENT_INVALID', 2);
    dead('OTLP_INVALID');
    await settled(api);
  });

  await check('file: a gzip cut in the middle gives every whole line before the cut', async () => {
    const file = join(files, 'cut.ndjson.gz');
    // Ids that do not compress, so that the cut lies far from both ends.
    const whole = gzipSync(
      Array.from({ length: 20_000 }, (_, i) => `${line(`cut-${i}-${randomBytes(12).toString('hex')}`)}\n`).join(''),
    );
    const cut = whole.subarray(0, Math.floor(whole.length * 0.6));
    writeFileSync(file, cut);
    const lines = gunzipSync(cut, { finishFlush: constants.Z_SYNC_FLUSH }).toString().split('\n').length - 1;
    assert.ok(lines > 1000 && lines < 20_000, `${lines} lines`);
    const result = await load(file);
    assert.equal(result.code, 1, result.all);
    assert.match(result.stdout, /INPUT_TRUNCATED: the file is cut off/);
    assert.ok(
      result.stdout.includes(`Loaded ${lines} lines: ${lines} events`),
      `${lines} lines expected\n${result.stdout}`,
    );
    used(lines);
    await settled(api);
    const again = await load(file);
    assert.equal(again.code, 1);
    expect(`duplicate ${TYPE}`, lines);
    await settled(api);
  });

  await check('file: none there, and an empty one', async () => {
    const none = await load(join(files, 'none.ndjson'));
    assert.deepEqual([none.code, /CONFIG_INVALID.*none\.ndjson/.test(none.stderr)], [1, true], none.all);
    writeFileSync(join(files, 'empty.ndjson'), '');
    const empty = await load(join(files, 'empty.ndjson'));
    assert.deepEqual(
      [empty.code, empty.stdout],
      [0, 'Loaded 0 lines: 0 events or spans taken in, 0 refused.\n'],
      empty.all,
    );
  });

  await check('generate-data makes what load takes', async () => {
    const made = await cli(['generate-data', '--minutes', '2']);
    assert.equal(made.code, 0, made.stderr);
    writeFileSync(join(files, 'demo.ndjson'), made.stdout);
    const result = await load(join(files, 'demo.ndjson'));
    assert.equal(result.code, 0, result.all);
    const types = made.stdout
      .trim()
      .split('\n')
      .map((l) => JSON.parse(l).type);
    for (const type of types) expect(`used ${type}`, 1);
    assert.ok(types.includes(TYPE));
    await settled(api);
  });
}

async function commands(api, dataDir) {
  const at = ['--data', dataDir];

  await check('dlq list: every dead letter with code, reason and place', async () => {
    const result = await cli(['dlq', 'list', ...at, '--format', 'json']);
    assert.equal(result.code, 0, result.all);
    const byCode = {};
    for (const letter of JSON.parse(result.stdout)) {
      assert.ok(letter.reason.length > 5 && letter.topic !== '' && letter.off >= 0, JSON.stringify(letter));
      byCode[`dead_letter ${letter.code}`] = (byCode[`dead_letter ${letter.code}`] ?? 0) + 1;
    }
    assert.deepEqual(byCode, Object.fromEntries(Object.entries(expected).filter(([k]) => k.startsWith('dead_letter'))));
    const some = await cli(['dlq', 'list', ...at, '--code', 'EVENT_NOT_UTF8', '--code', 'EVENT_NOT_JSON']);
    const rows = some.stdout.trim().split('\n').slice(2);
    assert.equal(rows.length, expected['dead_letter EVENT_NOT_UTF8'] + expected['dead_letter EVENT_NOT_JSON']);
    assert.match((await cli(['dlq', 'list', ...at, '--code', 'EVENT_EMPTY'])).stdout, /^No dead letters\.$/m);
  });

  await check('dlq replay: what is still wrong is refused again, with exit code 1', async () => {
    const result = await cli(['dlq', 'replay', ...at, '--code', 'EVENT_UNKNOWN_TYPE']);
    assert.equal(result.code, 1, result.all);
    assert.match(result.stdout, /2 sent again, 0 valid now, 2 refused again, 0 left out/);
    dead('EVENT_UNKNOWN_TYPE', 2);
    await settled(api);
  });

  await check('query: table, JSON and CSV say the same', async () => {
    const query = (...more) =>
      cli(['query', 'integration_endpoints', ...at, '--param', 'integration=payments', '--from', 'now-2h', ...more]);
    const json = await query('--format', 'json');
    assert.equal(json.code, 0, json.all);
    const [row, ...others] = JSON.parse(json.stdout).parts.main;
    assert.equal(others.length, 0);
    assert.ok(row.calls > 500 && row.calls < expected[`used ${TYPE}`], String(row.calls));
    const csv = await query('--format', 'csv');
    const [header, values] = csv.stdout.split('\n').map((l) => l.trim().split(','));
    assert.equal(values[header.indexOf('calls')], String(row.calls));
    const text = await query();
    assert.match(text.stdout, /^integration +endpoint/m);
    assert.match(text.stdout, new RegExp(`^payments .*\\b${row.calls}\\b`, 'm'));
    assert.match(text.stdout, /grain 1m.*complete until 20/);
  });

  await check('catalog, help, version and exit codes', async () => {
    const catalog = await cli(['catalog', ...at]);
    assert.equal(catalog.code, 0, catalog.all);
    assert.match(catalog.stdout, /^integration_health +scorecard/m);
    const names = JSON.parse((await cli(['catalog', ...at, '--format', 'json'])).stdout).queries.map((q) => q.name);
    assert.ok(names.includes('intake_totals'));
    const cases = [
      [['--help'], 0, /Usage: shadower/],
      [['start', '--help'], 0, /--download-grafana/],
      [['--version'], 0, /^\d+\.\d+\.\d+/],
      [['nonsense'], 2, /unknown command/],
      [['start', '--nonsense'], 2, /unknown option/],
      [['query'], 2, /missing required argument/],
      [['query', 'integration_calls', '--step', 'x', ...at], 2, /a number above 0/],
      [['query', 'nonsense', ...at], 1, /QUERY_UNKNOWN.*nonsense/],
      [['query', 'integration_calls', '--param', 'nonsense=1', ...at], 1, /QUERY_BAD_PARAM.*nonsense/],
      [['query', 'integration_calls', '--from', 'soon', ...at], 1, /from/],
      [['migrate'], 1, /CONFIG_INVALID.*SHADOWER_CLICKHOUSE_URL/],
      [['catalog', ...at], 1, /CONFIG_INVALID.*SHADOWER_LATENES\b/, { SHADOWER_LATENES: '1h' }],
      [['catalog', ...at, '--url', 'http://127.0.0.1:9'], 1, /no processor answers/],
      [['catalog', ...at, '--api-key', 'wrong'], 1, /AUTH_INVALID/],
      [['start', '--input', 'nowhere.ndjson', '--no-grafana', ...at], 1, /nowhere\.ndjson: no such file/],
    ];
    const one = async ([args, code, text, env]) => {
      const result = await cli(args, { env });
      assert.deepEqual([args.join(' '), result.code], [args.join(' '), code], result.all);
      assert.match(result.all, text);
      // A person gets a sentence, not a stack.
      assert.doesNotMatch(result.all, /^\s+at /m);
    };
    for (let i = 0; i < cases.length; i += 4) await Promise.all(cases.slice(i, i + 4).map(one));
  });
}

async function overKafka() {
  const harness = kafkaHarness();
  const reason = await harness.unavailable();
  if (reason !== null) {
    skip('broken records through a real Kafka', reason, 1);
    return;
  }
  await check('Kafka: tombstones, bad bytes and wrong types become dead letters, the rest counts', async () => {
    const kafka = await harness.start();
    onEnd(() => kafka.stop());
    const clickhouse = await startClickHouse();
    const headers = { workspace: 'demo' };
    const whole = protobufOf(request([span(30), span(31)]));
    await produce(kafka.brokers, {
      [`shadower.${TYPE}`]: [
        line('k1'),
        null,
        Buffer.alloc(0),
        '{"type":',
        NOT_UTF8,
        line('k2', { type: 'integration.dependency' }),
        line('k3', { type: undefined }),
        PROTO,
        line('k4', { workspace: '' }),
        line('k5', { time: now - 3 * 3600_000 }),
        line('k6', { time: now + 3600_000 }),
        line('k1'),
        line('k7'),
      ].map((value) => ({ key: 'one partition', value, headers })),
      otlp_spans: [whole, whole.subarray(0, whole.length - 9), request([span(32)]), 'neither of the two'].map(
        (value) => ({
          value,
          headers,
        }),
      ),
    });
    const stack = await startStack(clickhouse, {
      database: 'broken',
      workspace: 'demo',
      latenessMs: 3600_000,
      kafka: { brokers: kafka.brokers, groupId: 'e2e-broken' },
    });
    const outcome = {
      [`used ${TYPE}`]: 3 + 3,
      [`duplicate ${TYPE}`]: 1,
      'dead_letter EVENT_EMPTY': 2,
      'dead_letter EVENT_NOT_JSON': 1,
      'dead_letter EVENT_NOT_UTF8': 1,
      'dead_letter EVENT_INVALID': 2,
      'dead_letter EVENT_NO_WORKSPACE': 1,
      'dead_letter EVENT_TOO_LATE': 1,
      'dead_letter EVENT_IN_FUTURE': 1,
      'dead_letter OTLP_INVALID': 2,
    };
    assert.deepEqual(await stack.api.accounted(sum(outcome)), outcome);
    await stack.stop();
  });
}

await main(async () => {
  try {
    const folder = tempFolder('data');
    const dataDir = join(folder, 'data');
    const port = await freePorts(2);
    const fenced = `shk_${randomBytes(16).toString('hex')}`;
    const keys = join(folder, 'keys.json');
    writeFileSync(keys, JSON.stringify([apiKeyEntry('demo-only', fenced, ['ingest', 'query'], ['demo'])]));
    const start = (lateness) =>
      startCommand(dataDir, port, {
        args: ['--no-demo'],
        env: { SHADOWER_API_KEYS_FILE: keys, SHADOWER_LATENESS: lateness },
      });

    const first = await check('start is ready', () => start('1h'));
    if (first === undefined) return;
    const api = new Api(first.url, fenced, 'demo');
    await overHttp(api);
    await check('without a workspace: refused, kept outside of every workspace, and not counted', async () => {
      const answer = await first.api.send(
        'POST',
        '/v1/events',
        `${line('w1')}\n${line('w2', { workspace: 'demo' })}`,
        NDJSON,
      );
      assert.deepEqual([answer.status, answer.json.accepted, verdicts(answer)], [202, 1, [[0, 'EVENT_NO_WORKSPACE']]]);
      used();
      const spans = await first.api.send('POST', '/v1/traces', request([span(40)]), JSON_TYPE);
      assert.equal(spans.status, 400);
      assert.match(spans.json.message, /name one in the header X-Shadower-Workspace/);
      await settled(api);
    });
    await overOtlp(api);
    await check('older than the declared lateness: a dead letter that can be replayed', async () => {
      const late = line('late', { time: now - 2 * 3600_000 });
      assert.equal((await api.send('POST', '/v1/events', late, JSON_TYPE)).status, 202);
      dead('EVENT_TOO_LATE');
      await settled(api);
    });
    await byFile(api, dataDir);
    await commands(api, dataDir);

    await check('SIGTERM ends it with exit code 0 within 20 s, and nothing is left', async () => {
      const end = await first.end('SIGTERM');
      assert.deepEqual([end.code, end.left], [0, []], first.output());
      assert.ok(end.processes >= 1, 'the embedded engine is a process of its own');
      assert.ok(end.seconds < 20, `${end.seconds} s`);
    });
    await check('a command without a processor says so', async () => {
      const result = await cli(['catalog', '--data', dataDir]);
      assert.equal(result.code, 1);
      assert.match(result.stderr, /no processor answers.*shadower start/);
    });

    const second = await check('a second start on the same data goes on with the same counts', async () => {
      const started = await start('7d');
      await settled(api);
      return started;
    });
    if (second === undefined) return;
    await check('what was counted before the restart is not counted again', async () => {
      const again = [line('a1'), line('n1'), line('n5'), line('after the restart')].join('\n');
      assert.equal((await api.send('POST', '/v1/events', again, NDJSON)).json.accepted, 4);
      used();
      expect(`duplicate ${TYPE}`, 3);
      await settled(api);
    });
    await check('dlq replay: what is valid now counts, once', async () => {
      const replay = () => cli(['dlq', 'replay', '--data', dataDir, '--code', 'EVENT_TOO_LATE']);
      for (const outcome of ['used', 'duplicate']) {
        const result = await replay();
        assert.equal(result.code, 0, result.all);
        assert.match(result.stdout, /1 sent again, 1 valid now, 0 refused again/);
        expect(`${outcome} ${TYPE}`);
        await settled(api);
      }
    });
    await check('SIGINT ends it likewise, also while it loads a file', async () => {
      // Connections on which nothing is ever asked, as load balancers open them, must not hold it up.
      const unused = [port, port + 1].map((p) => connect(p, '127.0.0.1'));
      await Promise.all(unused.map((socket) => once(socket, 'connect')));
      const end = await second.end('SIGINT');
      assert.deepEqual([end.code, end.left], [0, []], second.output());
      const file = join(folder, 'long.ndjson');
      writeFileSync(
        file,
        // At the original speed the second line is due in minutes.
        [600_000, 60_000].map((ago) => line(`ago-${ago}`, { time: now - ago })).join('\n'),
      );
      const third = await startCommand(dataDir, port, { args: ['--input', file, '--speed', 'original'] });
      const ended = await third.end('SIGINT');
      assert.deepEqual([ended.code, ended.left], [0, []], third.output());
      assert.ok(end.seconds < 20 && ended.seconds < 20, `${end.seconds} and ${ended.seconds} s`);
    });
    await check('credentials are readable by their owner alone', () => {
      assert.equal(statSync(join(dataDir, 'credentials.json')).mode & 0o077, 0);
    });
    await overKafka();
  } finally {
    await cleanUp();
  }
});
