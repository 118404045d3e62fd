/**
 * Real traces through the whole stack, compared with what an independent script makes of the same file: every span
 * accounted for, counts and edges equal, percentiles within the histogram's 2 %. Then the same file as a Collector's
 * Kafka exporter writes it, through a real Kafka, to the very same rollups.
 */
import assert from 'node:assert/strict';
import { boutiqueFile, readLines, truthOf } from './support/boutique-truth.mjs';
import { kafkaHarness, produce, protobufOf } from './support/kafka.mjs';
import { sameRollups } from './support/rollups.mjs';
import { cleanUp, onEnd, processor, sharedFolder, startClickHouse, startStack } from './support/stack.mjs';
import { check, main, skip } from './support/tally.mjs';

const WORKSPACE = 'boutique';
/** Bound of the histogram's quantiles. */
const RELATIVE_ERROR = 0.02;
/** Ranges that make a query without steps read each of the grains; the data lie between 12:01 and 12:57. */
const RANGES = {
  '1m': { from: '2022-08-23T12:00:00Z', to: '2022-08-23T13:00:00Z' },
  '1h': { from: '2022-08-23T00:00:00Z', to: '2022-08-24T00:00:00Z' },
  '1d': { from: '2022-08-01T00:00:00Z', to: '2022-08-31T00:00:00Z' },
};

const close = (actual, expected, what) =>
  assert.ok(
    Math.abs(actual - expected) <= RELATIVE_ERROR * expected,
    `${what}: ${actual} is more than 2 % away from ${expected}`,
  );
const counts = (map) => Object.fromEntries([...map].map(([k, v]) => [k, v.calls]).sort());
const rowCounts = (rows, key) => Object.fromEntries(rows.map((r) => [key(r), Number(r.calls)]).sort());

async function compareWithTruth(api, truth) {
  for (const [grain, range] of Object.entries(RANGES)) {
    await check(`${grain}: edges and their counts are those of the parent-child join, p95 within 2 %`, async () => {
      const { parts, meta } = await api.query('integration_dependencies', range);
      assert.equal(meta.grain, grain);
      const key = (r) => `${r.source} | ${r.target}`;
      assert.deepEqual(rowCounts(parts.edges, key), counts(truth.edges));
      for (const r of parts.edges) {
        assert.deepEqual([r.origin, r.error_rate], ['observed', 0]);
        close(r.p95_ms, truth.edges.get(key(r)).p95, `p95 of ${key(r)}`);
      }
      const nodes = parts.nodes.map((n) => n.id).sort();
      const expected = [...truth.edges.keys()].flatMap((k) => k.split(' | '));
      assert.deepEqual(nodes, [...new Set(expected)].sort());
    });
    await check(`${grain}: counts, p50, p95, p99 and maximum of every endpoint`, async () => {
      const { parts, meta } = await api.query('integration_endpoints', range);
      assert.equal(meta.grain, grain);
      const key = (r) => `${r.integration} | ${r.endpoint}`;
      assert.deepEqual(rowCounts(parts.main, key), counts(truth.endpoints));
      for (const r of parts.main) {
        const t = truth.endpoints.get(key(r));
        for (const p of ['p50', 'p95', 'p99']) close(r[`${p}_ms`], t[p], `${p} of ${key(r)}`);
        assert.ok(Math.abs(r.max_ms - t.max) < 0.001, `maximum of ${key(r)}: ${r.max_ms}, not ${t.max}`);
      }
    });
    await check(`${grain}: counts and p95 of every integration on the scorecard`, async () => {
      const { parts, meta } = await api.query('integration_health', range);
      assert.equal(meta.grain, grain);
      assert.deepEqual(
        rowCounts(parts.scores, (r) => r.entity),
        counts(truth.targets),
      );
      for (const r of parts.scores) close(r.p95_ms, truth.targets.get(r.entity).p95, `p95 of ${r.entity}`);
    });
  }
  await check('minute by minute: calls and p95 of every integration', async () => {
    const { parts, meta } = await api.query('integration_calls', { ...RANGES['1m'], step: 60 });
    assert.deepEqual([meta.grain, meta.step, meta.truncated], ['1m', 60, false]);
    const key = (r) => `${r.integration} | ${Date.parse(r.time) / 1000}`;
    assert.deepEqual(rowCounts(parts.main, key), counts(truth.perMinute));
    for (const r of parts.main) close(r.p95_ms, truth.perMinute.get(key(r)).p95, `p95 of ${key(r)}`);
  });
}

/** What each injected fault must show as: findings (kind, entity) that begin in its minutes. docs/online-boutique.md says why. */
const FAULTS = {
  '12:01:25 frontend cpu_contention': [
    '12:01',
    '12:04',
    [
      ['slow_caller', 'frontend'],
      ['slower_than_usual', 'frontend'],
    ],
  ],
  '12:10:21 frontend return': ['12:10', '12:13', [['faster_than_usual', 'frontend']]],
  '12:18:23 frontend cpu_consumed': [
    '12:18',
    '12:21',
    [
      ['slow_caller', 'frontend'],
      ['slower_than_usual', 'frontend'],
    ],
  ],
  '12:27:23 frontend exception': ['12:27', '12:30', []],
  '12:35:57 cartservice network_delay': ['12:35', '12:38', [['slow_between', 'cartservice']]],
  '12:45:08 cartservice cpu_contention': ['12:45', '12:48', [['slower_than_usual', 'cartservice']]],
  '12:53:52 checkoutservice network_delay': ['12:53', '12:56', [['slow_between', 'checkoutservice']]],
};

async function compareWithFaults(api) {
  const { parts, meta } = await api.query('integration_calls_findings', RANGES['1m']);
  const found = parts.main.map((r) => ({ ...r, at: new Date(r.time).toISOString().slice(11, 16) }));
  await check('findings come whole, at the grain of minutes', () =>
    assert.deepEqual([meta.grain, meta.truncated], ['1m', false]),
  );
  for (const [fault, [from, to, wanted]] of Object.entries(FAULTS))
    await check(
      `${fault}: ${wanted.length === 0 ? 'no trace of it, and none is made up' : 'found, and at the right place'}`,
      () => {
        const here = found.filter((f) => f.at >= from && f.at < to);
        for (const [kind, entity] of wanted)
          assert.ok(
            here.some((f) => f.kind === kind && f.integration === entity),
            `no ${kind} of ${entity} in ${JSON.stringify(here.map((f) => [f.at, f.kind, f.integration]))}`,
          );
        if (wanted.length === 0) assert.deepEqual(here, []);
      },
    );
  await check('no finding begins in minutes without a fault', () => {
    const windows = Object.values(FAULTS);
    const others = found.filter((f) => !windows.some(([from, to]) => f.at >= from && f.at < to));
    assert.deepEqual(
      others.map((f) => [f.at, f.kind, f.integration]),
      [],
    );
  });
}

async function throughKafka(clickhouse, lines, truth, accounted) {
  const harness = kafkaHarness();
  const reason = await harness.unavailable();
  if (reason !== null) {
    skip('the same file through a real Kafka, as JSON and as protobuf', reason, 4);
    return;
  }
  const kafka = await harness.start();
  onEnd(() => kafka.stop());
  const SAMPLE = 200;
  const sample = lines.slice(0, SAMPLE);
  await check('as the Kafka exporter writes it: one request a message', () =>
    produce(kafka.brokers, {
      otlp_spans: lines.map((value) => ({ value })),
      // Other workspaces, so that the two encodings can be told apart in one database.
      otlp_sample: sample.flatMap((line) => [
        { value: line, headers: { workspace: 'as-json' } },
        { value: protobufOf(line), headers: { workspace: 'as-protobuf' } },
      ]),
    }),
  );
  const stack = await startStack(clickhouse, {
    database: 'from_kafka',
    workspace: WORKSPACE,
    otlpTopics: ['otlp_spans', 'otlp_sample'],
    kafka: { brokers: kafka.brokers, groupId: 'e2e' },
  });
  await check('every span of the topic is accounted for, as over HTTP', async () => {
    assert.deepEqual(await stack.api.accounted(truth.spans), accounted);
  });
  await check('the rollups of every grain equal those from HTTP', () =>
    sameRollups(
      clickhouse.rows,
      { database: 'from_http', workspace: WORKSPACE },
      { database: 'from_kafka', workspace: WORKSPACE },
    ),
  );
  await check(`protobuf makes the same rollups as JSON (${SAMPLE} messages each)`, async () => {
    const part = truthOf(sample);
    for (const workspace of ['as-json', 'as-protobuf']) {
      const totals = await stack.api.accounted(part.spans, { workspace });
      assert.equal(totals['used integration.api_call'], part.kinds.client + part.kinds.server);
    }
    await sameRollups(
      clickhouse.rows,
      { database: 'from_kafka', workspace: 'as-json' },
      { database: 'from_kafka', workspace: 'as-protobuf' },
    );
  });
  await stack.stop();
}

await main(async () => {
  const path = boutiqueFile(sharedFolder);
  if (path === undefined) {
    skip(
      'everything about real traces',
      `no data/online-boutique in ${sharedFolder}; SHADOWER_SHARED may name its folder`,
    );
    return;
  }
  const warnings = [];
  process.on('warning', (w) => warnings.push(w.message));
  const lines = readLines(path);
  const truth = truthOf(lines);
  try {
    await check('the file is what it is said to be, and every call has exactly one answer', () => {
      assert.deepEqual([truth.spans, truth.distinct, truth.unjoined], [323_247, 323_247, 0]);
    });
    const clickhouse = await startClickHouse();
    const stack = await startStack(clickhouse, { database: 'from_http', workspace: WORKSPACE });
    const { loadFile } = processor('cli/load.js');
    const client = processor('cli/api-client.js').Api.of(stack.api.url, stack.key);
    const load = () => loadFile(client, path, { shift: 0, speed: Infinity, workspace: WORKSPACE, concurrency: 4 });
    const used = truth.kinds.client + truth.kinds.server;
    const once = { 'used integration.api_call': used, 'ignored span_kind_internal': truth.kinds.internal };

    await check('loading takes in every span', async () => {
      const report = await load();
      assert.deepEqual(
        [report.lines, report.accepted, report.refused, report.truncated],
        [lines.length, truth.spans, 0, undefined],
      );
    });
    await check('every span is accounted for: used, or ignored for a named reason', async () => {
      assert.deepEqual(await stack.api.accounted(truth.spans), once);
    });
    await check('raw events: one row for each client and server span, none twice', async () => {
      const [row] = await clickhouse.rows(
        `SELECT count() AS n, uniqExact(event_id) AS ids, countIf(vantage = 'server') AS server FROM from_http.raw_integration_api_call WHERE workspace = '${WORKSPACE}'`,
      );
      assert.deepEqual(row, { n: used, ids: used, server: truth.kinds.server });
    });
    await check('server spans per service, at every grain', async () => {
      for (const grain of ['1m', '1h', '1d']) {
        const rows = await clickhouse.rows(
          `SELECT integration, sum(calls) AS calls FROM from_http.integration_calls_${grain} WHERE workspace = '${WORKSPACE}' AND vantage = 'server' GROUP BY integration`,
        );
        assert.deepEqual(
          rowCounts(rows, (r) => r.integration),
          counts(truth.servers),
          grain,
        );
      }
    });
    await compareWithTruth(stack.api, truth);
    await compareWithFaults(stack.api);
    await check('the same file again: all duplicates, nothing counted twice', async () => {
      await load();
      const totals = await stack.api.accounted(2 * truth.spans);
      assert.deepEqual(totals, {
        ...once,
        'duplicate integration.api_call': used,
        'ignored span_kind_internal': 2 * truth.kinds.internal,
      });
      for (const range of Object.values(RANGES)) {
        const { parts } = await stack.api.query('integration_dependencies', range);
        assert.deepEqual(
          rowCounts(parts.edges, (r) => `${r.source} | ${r.target}`),
          counts(truth.edges),
        );
      }
      const [{ n }] = await clickhouse.rows('SELECT count() AS n FROM from_http.raw_integration_api_call');
      assert.equal(n, used);
    });
    await stack.stop();
    await throughKafka(clickhouse, lines, truth, once);
    await check('Node warned of nothing (leaking listeners, say) all the while', () => assert.deepEqual(warnings, []));
  } finally {
    await cleanUp();
  }
});
