/** Coverage, pass rates and ages, in a real ClickHouse, against the same computed here from the events themselves. */
import { domains } from '../..';
import type { ClickHouse } from '../../../clickhouse/client';
import { migrate } from '../../../clickhouse/migrate';
import { clickHouseTime, feed, runQuery, startEngine, type TestEngine } from '../../../clickhouse/testing/engine';
import { seeded } from '../../../cli/demo';

type Row = Record<string, unknown>;
interface Run {
  time: number;
  integration: string;
  endpoint?: string;
  method?: string;
  test_type: string;
  test_name: string;
  result: string;
  duration_ms?: number;
}
interface Entry {
  time: number;
  integration: string;
  endpoint: string;
  method?: string;
  critical?: boolean;
  retired?: boolean;
}

const MINUTE = 60_000;
const DAY = 1440 * MINUTE;
/** In the middle of an hour. */
const TO = Date.UTC(2026, 5, 20, 15, 25);
const FROM = TO - DAY;
const workspace = 'quality';
const runs: Run[] = [];
const inventory: Entry[] = [];

let engine: TestEngine;
let ch: ClickHouse;

const at = (days: number, minutes = 0): number => TO - days * DAY - minutes * MINUTE - 1000;

beforeAll(async () => {
  const random = seeded(11);
  const test = (integration: string, test_name: string, more: Partial<Run>, times: number[], pass: number): void => {
    for (const time of times)
      runs.push({
        integration,
        test_name,
        test_type: 'contract',
        time,
        result: random() < pass ? 'passed' : random() < 0.5 ? 'failed' : 'error',
        duration_ms: 10 + random() * 1000,
        ...more,
      });
  };
  const nightly = (days: number, from = 0): number[] => Array.from({ length: days - from }, (_, i) => at(i + from, 7));
  const entry = (integration: string, endpoint: string, more: Partial<Entry> = {}): void =>
    void inventory.push({ integration, endpoint, time: at(40), ...more });

  // Ten of ten endpoints, nearly always passing.
  for (let i = 0; i < 10; i++) {
    entry('excellent', `/e${i}`, { critical: i < 3 });
    test('excellent', `t${i}`, { endpoint: `/e${i}` }, nightly(20), i === 9 ? 0.9 : 1);
  }
  // Exactly at the borders: 80 % and 60 % are not above them.
  for (let i = 0; i < 5; i++) {
    entry('border', `/e${i}`);
    if (i < 4) test('border', `t${i}`, { endpoint: `/e${i}` }, nightly(20), 1);
  }
  for (let i = 0; i < 2; i++) entry('half', `/e${i}`, { critical: true });
  test('half', 't', { endpoint: '/e0' }, nightly(20), 0.8);
  // One test that runs often and fails, one that runs seldom and passes: each has the same weight.
  entry('weights', '/a');
  test(
    'weights',
    'often',
    { endpoint: '/a', test_type: 'performance' },
    Array.from({ length: 200 }, (_, i) => at(0, i)),
    0,
  );
  test('weights', 'seldom', { endpoint: '/a' }, [at(3)], 1);
  for (const e of ['/x', '/y']) entry('untested', e, { critical: e === '/x' });
  test('no-inventory', 't', { endpoint: '/a' }, nightly(5), 1);
  test('all-failing', 't', { endpoint: '/a' }, nightly(5), 0);
  entry('all-failing', '/a');
  test('one', 't', { endpoint: '/a' }, [at(2)], 1);
  entry('one', '/a', { critical: true });
  // Passed, failed, passed again, and failing since a known minute.
  entry('history', '/a', { critical: true });
  for (const [minutes, result] of [
    [300, 'passed'],
    [200, 'failed'],
    [90, 'passed'],
    [20, 'failed'],
    [10, 'failed'],
  ] as const)
    runs.push({
      integration: 'history',
      endpoint: '/a',
      test_name: 't',
      test_type: 'contract',
      result,
      time: at(0, minutes),
    });
  // A gap: it ran 12 days ago, 40 days ago and 100 days ago.
  test('gap', 'twelve', { endpoint: '/a' }, [at(12)], 1);
  test('gap', 'forty', { endpoint: '/b' }, [at(40)], 1);
  test('gap', 'hundred', { endpoint: '/c' }, [at(100)], 1);
  for (const e of ['/a', '/b', '/c']) entry('gap', e);
  runs.push({
    integration: 'skipped',
    endpoint: '/a',
    test_name: 't',
    test_type: 'contract',
    result: 'skipped',
    time: at(1),
  });
  entry('skipped', '/a');
  // Methods: a test of one method, one of all; an entry of one method, one of all.
  entry('methods', '/a', { method: 'GET' });
  entry('methods', '/a', { method: 'POST' });
  entry('methods', '/b');
  entry('methods', '/c', { method: 'PUT' });
  test('methods', 'get', { endpoint: '/a', method: 'GET' }, nightly(3), 1);
  test('methods', 'any of b', { endpoint: '/b', method: 'DELETE' }, nightly(3), 1);
  test('methods', 'all of c', { endpoint: '/c' }, nightly(3), 1);
  test('methods', 'whole', {}, nightly(3), 1);
  // Entries that were retired, came back, or grew too old; another integration's test of the same path.
  entry('changes', '/gone');
  entry('changes', '/gone', { retired: true, time: at(3) });
  entry('changes', '/back', { retired: true });
  entry('changes', '/back', { time: at(3) });
  entry('changes', '/old', { time: at(95) });
  entry('changes', '/e0');
  entry('changes', '/later', { time: TO + 1000 });

  engine = await startEngine();
  ch = engine.connect('shadower');
  await migrate(ch, domains);
  const future: Run[] = [
    {
      integration: 'history',
      endpoint: '/a',
      test_name: 't',
      test_type: 'contract',
      result: 'passed',
      time: TO + 60_000,
    },
  ];
  await feed(ch, [
    ...[...runs, ...future].map((r) => ({ type: 'integration.test_execution', workspace, ...r })),
    ...inventory.map((e) => ({ type: 'integration.endpoint_inventory', workspace, ...e })),
    {
      type: 'integration.api_call',
      workspace,
      time: at(0, 5),
      integration: 'methods',
      endpoint: '/a',
      method: 'GET',
      latency_ms: 1,
    },
    {
      type: 'integration.api_call',
      workspace,
      time: at(0, 5),
      integration: 'methods',
      endpoint: '/b',
      method: 'GET',
      latency_ms: 1,
    },
    {
      type: 'integration.api_call',
      workspace,
      time: at(0, 5),
      integration: 'methods',
      endpoint: '/b',
      method: 'PUT',
      latency_ms: 1,
    },
  ]);
}, 120_000);
afterAll(() => engine?.stop());

// ------------------------------------------------------------------ the same, computed independently

const isRun = (r: Run): boolean => r.result !== 'skipped';
const keyOf = (r: Run): string =>
  JSON.stringify([r.integration, r.endpoint ?? '', r.method ?? '', r.test_type, r.test_name]);
function testsOf(integration: string): {
  status: string;
  recent: Run[];
  all: Run[];
  endpoint: string;
  method: string;
  type: string;
  name: string;
  last: number | undefined;
  since: number | undefined;
}[] {
  const by = new Map<string, Run[]>();
  for (const r of runs)
    if (r.integration === integration && r.time < TO && r.time >= TO - 90 * DAY)
      by.set(keyOf(r), [...(by.get(keyOf(r)) ?? []), r]);
  return [...by.values()].map((all) => {
    const done = all.filter(isRun).sort((a, b) => a.time - b.time);
    const last = done.at(-1);
    const status =
      last === undefined
        ? 'never_ran'
        : last.time < TO - 7 * DAY
          ? 'stale'
          : last.result === 'passed'
            ? 'passing'
            : 'failing';
    const lastPassed = done.filter((r) => r.result === 'passed').at(-1)?.time ?? 0;
    return {
      status,
      all,
      recent: done.filter((r) => r.time >= TO - 30 * DAY),
      endpoint: all[0]!.endpoint ?? '',
      method: all[0]!.method ?? '',
      type: all[0]!.test_type,
      name: all[0]!.test_name,
      last: last?.time,
      since: done.find((r) => r.result !== 'passed' && r.time > lastPassed)?.time,
    };
  });
}
function endpointsOf(
  integration: string,
): { endpoint: string; method: string; critical: boolean; status: string; tests: number }[] {
  const latest = new Map<string, Entry>();
  for (const e of [...inventory].sort((a, b) => a.time - b.time))
    if (e.integration === integration && e.time < TO && e.time >= TO - 90 * DAY)
      latest.set(`${e.endpoint} ${e.method ?? ''}`, e);
  return [...latest.values()]
    .filter((e) => e.retired !== true)
    .map((e) => {
      const own = testsOf(integration).filter(
        (t) => t.endpoint === e.endpoint && (t.method === '' || (e.method ?? '') === '' || t.method === e.method),
      );
      const ran = own.filter((t) => t.recent.length > 0);
      const last = Math.max(...own.map((t) => t.last ?? 0));
      const status =
        ran.length === 0
          ? 'untested'
          : own.some((t) => t.status === 'failing')
            ? 'failing'
            : last < TO - 7 * DAY
              ? 'stale'
              : 'passing';
      return { endpoint: e.endpoint, method: e.method ?? '', critical: e.critical === true, status, tests: ran.length };
    });
}
const allNames = (): string[] => [...new Set([...runs, ...inventory].map((x) => x.integration))].sort();

const near = (got: unknown, want: number | null, what: string): void => {
  if (want === null) return expect([what, got]).toEqual([what, null]);
  if (got === null || Math.abs(Number(got) - want) > 1e-6 * Math.max(1, Math.abs(want)))
    throw new Error(`${what}: got ${String(got)}, want ${want}`);
};
const run = async (name: string, grain = '1h', more: Row = {}): Promise<Row[]> =>
  (await runQuery(ch, name, grain, { workspace, from: FROM, to: TO, ...more })).main!;

it.each(['1m', '1h', '1d'])('coverage, classes and ages at grain %s', async (grain) => {
  const rows = await run('integration_test_coverage', grain);
  expect(rows.map((r) => r.integration).sort()).toEqual(allNames());
  for (const row of rows) {
    const name = String(row.integration);
    const tests = testsOf(name);
    const ran = tests.filter((t) => t.recent.length > 0);
    const listed = endpointsOf(name);
    const rates = ran.map((t) => t.recent.filter((r) => r.result === 'passed').length / t.recent.length);
    const rate = rates.length === 0 ? null : rates.reduce((a, b) => a + b, 0) / rates.length;
    const tested = listed.filter((e) => e.status !== 'untested').length;
    const share = listed.length === 0 ? null : tested / listed.length;
    const critical = listed.filter((e) => e.critical);
    const untested = critical.filter((e) => e.status === 'untested').length;
    near(row.tests, ran.length, `${name} tests`);
    near(row.test_types, new Set(ran.map((t) => t.type)).size, `${name} types`);
    near(
      row.executions,
      ran.reduce((a, t) => a + t.recent.length, 0),
      `${name} runs`,
    );
    near(row.pass_rate, rate, `${name} rate`);
    near(row.endpoints, listed.length, `${name} endpoints`);
    near(row.tested_endpoints, tested, `${name} tested`);
    near(row.endpoint_coverage, share, `${name} coverage`);
    near(row.critical_endpoints, critical.length, `${name} critical`);
    near(row.untested_critical, listed.length === 0 ? null : untested, `${name} untested`);
    near(
      row.critical_coverage,
      critical.length === 0 ? null : 1 - untested / critical.length,
      `${name} critical share`,
    );
    near(row.failing_tests, tests.filter((t) => t.status === 'failing').length, `${name} failing`);
    near(row.stale_tests, tests.filter((t) => t.status === 'stale').length, `${name} stale`);
    const lasts = tests.flatMap((t) => (t.last === undefined ? [] : [t.last]));
    near(row.staleness, lasts.length === 0 ? null : (TO - Math.min(...lasts)) / 1000, `${name} staleness`);
    expect([name, row.last_run]).toEqual([name, lasts.length === 0 ? null : clickHouseTime(Math.max(...lasts))]);
    // The classes of the source document.
    const above = (r: number, c: number): boolean => (rate ?? 0) > r && (share ?? 0) > c;
    const quality =
      share === null
        ? 'unknown'
        : above(0.95, 0.8)
          ? 'excellent'
          : above(0.85, 0.6)
            ? 'good'
            : above(0.7, 0.4)
              ? 'acceptable'
              : 'needs_improvement';
    expect([name, row.quality]).toEqual([name, quality]);
  }
  const of = (name: string): Row => rows.find((r) => r.integration === name)!;
  expect(of('excellent').quality).toBe('excellent');
  expect(of('border').quality).toBe('good');
  expect(of('half').quality).toBe('acceptable');
  expect(of('untested')).toMatchObject({ quality: 'needs_improvement', pass_rate: null, staleness: null });
  expect(of('no-inventory')).toMatchObject({ quality: 'unknown', pass_rate: 1, endpoint_coverage: null });
  near(of('weights').pass_rate, 0.5, 'weights');
  near(of('gap').staleness, 40 * 86_400 + 1, 'the oldest of the known tests');
  expect(of('changes')).toMatchObject({ endpoint_coverage: 0 });
  near(of('changes').endpoints, 2, 'endpoints that are left');
});

it('what alert rules compare is the same', async () => {
  const table = await run('integration_test_coverage');
  const window = await run('integration_test_window', '1m', { step: 300 });
  expect(window.length).toBe(table.length);
  for (const w of window) {
    const t = table.find((r) => r.integration === w.integration)!;
    for (const column of Object.keys(w))
      if (column !== 'time') expect([column, w[column]]).toEqual([column, t[column]]);
    expect(w.time).toBe(clickHouseTime(TO - 300_000));
  }
});

it('endpoints with their state, by method, and who calls them', async () => {
  const rows = await run('integration_test_endpoints', '1m');
  for (const name of allNames()) {
    const own = rows.filter((r) => r.integration === name);
    const want = endpointsOf(name);
    expect(own.map((r) => `${String(r.endpoint)} ${String(r.method)}`).sort()).toEqual(
      want.map((e) => `${e.endpoint} ${e.method}`).sort(),
    );
    for (const e of want) {
      const row = own.find((r) => r.endpoint === e.endpoint && r.method === e.method)!;
      expect([name, e.endpoint, e.method, row.status, row.critical, Number(row.tests)]).toEqual([
        name,
        e.endpoint,
        e.method,
        e.status,
        e.critical,
        e.tests,
      ]);
    }
  }
  const of = (endpoint: string, method = ''): Row =>
    rows.find((r) => r.integration === 'methods' && r.endpoint === endpoint && r.method === method)!;
  expect(of('/a', 'GET')).toMatchObject({ status: 'passing', calls: 1 });
  expect(of('/a', 'POST')).toMatchObject({ status: 'untested', calls: 0, pass_rate: null, last_run: null });
  expect(of('/b')).toMatchObject({ status: 'passing', calls: 2 });
  expect(of('/c', 'PUT').status).toBe('passing');
});

it('tests with their state, and since when they fail', async () => {
  const rows = await run('integration_tests');
  for (const name of allNames())
    for (const t of testsOf(name)) {
      const row = rows.find(
        (r) =>
          r.integration === name &&
          r.test_name === t.name &&
          r.endpoint === t.endpoint &&
          r.method === t.method &&
          r.test_type === t.type,
      )!;
      expect([name, t.name, row.status]).toEqual([name, t.name, t.status]);
      near(row.passed, t.recent.filter((r) => r.result === 'passed').length, t.name);
      near(row.failed, t.recent.filter((r) => r.result !== 'passed').length, t.name);
      expect(row.last_run).toBe(t.last === undefined ? null : clickHouseTime(t.last));
    }
  const failing = rows.find((r) => r.integration === 'history')!;
  expect(failing.failing_since).toBe(clickHouseTime(testsOf('history')[0]!.since!));
  expect(failing.failing_since).toBe(clickHouseTime(at(0, 20)));
});

it('the matrix has every endpoint and kind, and says nothing where nothing ran', async () => {
  const rows = await run('integration_test_matrix', '1h', { integration: ['methods', 'weights'] });
  const of = (endpoint: string, type: string): unknown =>
    rows.find((r) => r.endpoint === endpoint && r.test_type === type)?.pass_rate;
  expect(rows.length).toBe(5 * 2);
  expect(of('methods GET /a', 'contract')).toBe(1);
  expect(of('methods POST /a', 'contract')).toBeNull();
  expect(of('methods PUT /c', 'contract')).toBe(1);
  expect(of('weights /a', 'performance')).toBe(0);
  expect(of('weights /a', 'contract')).toBe(1);
});

it('results over time add up', async () => {
  const from = TO - 6 * 3600_000;
  const results = await run('integration_test_results', '1m', {
    from,
    step: 3600,
    integration: ['weights', 'history'],
  });
  const want = runs.filter((r) => ['weights', 'history'].includes(r.integration) && r.time >= from && r.time < TO);
  const total = (c: string): number => results.reduce((a, r) => a + Number(r[c]), 0);
  expect([total('passed'), total('failed')]).toEqual([
    want.filter((r) => r.result === 'passed').length,
    want.filter((r) => r.result !== 'passed').length,
  ]);
  const history = await run('integration_test_history', '1m', { from, step: 3600, integration: ['history'] });
  expect(history.map((r) => [r.endpoint, r.pass_rate])).toEqual([
    ['history /a', 1],
    ['history /a', 0],
    ['history /a', 1],
    ['history /a', 0],
  ]);
});

it('findings: failing tests, untested critical endpoints, stale tests', async () => {
  const rows = await run('integration_tests_findings');
  const of = (kind: string): string[] =>
    rows
      .filter((r) => r.kind === kind)
      .map((r) => String(r.integration))
      .sort();
  const want = (f: (name: string) => number): string[] =>
    allNames().flatMap((n) => Array.from({ length: f(n) }, () => n));
  expect(of('test_failing')).toEqual(want((n) => testsOf(n).filter((t) => t.status === 'failing').length));
  expect(of('test_stale')).toEqual(want((n) => testsOf(n).filter((t) => t.status === 'stale').length));
  expect(of('critical_endpoint_untested')).toEqual(
    want((n) => endpointsOf(n).filter((e) => e.critical && e.status === 'untested').length),
  );
  expect(rows.find((r) => r.integration === 'history')).toMatchObject({
    severity: 'critical',
    time: clickHouseTime(at(0, 20)),
  });
});
