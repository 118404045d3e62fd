/** The views' numbers, in a real ClickHouse, against the same numbers computed here from the events themselves. */
import fc from 'fast-check';
import { domains } from '../..';
import { buildViews } from '../../../catalog/views';
import type { ClickHouse } from '../../../clickhouse/client';
import { migrate } from '../../../clickhouse/migrate';
import { clickHouseTime, feed, runQuery, startEngine, type TestEngine } from '../../../clickhouse/testing/engine';
import { seeded } from '../../../cli/demo';
import { bucketOf, quantile, quantileSql, ZERO_BUCKET } from '../../../vocabulary/histogram';
import { health } from '../health/model';

type Event = Record<string, unknown> & {
  time: number;
  workspace: string;
  integration: string;
  kind: string;
  vantage: string;
};
type Row = Record<string, unknown>;

const DAY = 86_400_000;
const FROM = Date.UTC(2026, 2, 10);
const TO = FROM + 2 * DAY;
const SECONDS = (TO - FROM) / 1000;

let engine: TestEngine;
let ch: ClickHouse;
let events: Event[];

interface Profile {
  integration: string;
  n: number;
  kind?: string;
  fail?: number;
  median?: number;
  extra?: (r: () => number) => Row;
  from?: number;
  to?: number;
}
const PROFILES: Profile[] = [
  { integration: 'steady', n: 300 },
  { integration: 'slow', n: 200, median: 900 },
  { integration: 'flaky', n: 300, fail: 0.15 },
  { integration: 'awful', n: 100, fail: 0.6 },
  { integration: 'down', n: 30, fail: 1 },
  { integration: 'down-four-times', n: 4, fail: 1, from: FROM },
  { integration: 'one', n: 1, from: FROM },
  { integration: 'instant', n: 20, median: 0 },
  { integration: 'gone', n: 40, to: FROM },
  { integration: 'new', n: 40, from: FROM },
  { integration: 'gaps', n: 12, median: 3000 },
  {
    integration: 'quota',
    n: 80,
    extra: (r) => ({ rate_limit_limit: 100, rate_limit_remaining: Math.floor(3 + r() * 50) }),
  },
  { integration: 'quota-unknown-limit', n: 10, extra: () => ({ rate_limit_limit: 0, rate_limit_remaining: 0 }) },
  { integration: 'old-api', n: 60, extra: (r) => ({ deprecated: r() < 0.1 }) },
  { integration: 'db', n: 50, kind: 'database' },
  { integration: 'by-its-alias', n: 50, kind: 'service', extra: () => ({ caller: 'web' }) },
  { integration: 'shared', n: 50, kind: 'service', extra: () => ({ caller: 'web' }) },
  { integration: 'api', n: 60, kind: 'service', extra: () => ({ vantage: 'server', alias: 'by-its-alias' }) },
  { integration: 'twin-1', n: 20, kind: 'service', extra: () => ({ vantage: 'server', alias: 'shared' }) },
  { integration: 'twin-2', n: 20, kind: 'service', extra: () => ({ vantage: 'server', alias: 'shared' }) },
];

function makeEvents(seed: number, workspace: string): Event[] {
  const random = seeded(seed);
  return PROFILES.flatMap((p) =>
    Array.from({ length: p.n }, () => {
      const from = p.from ?? FROM - 2 * DAY;
      const to = p.to ?? TO;
      const failed = random() < (p.fail ?? 0.003);
      return {
        type: 'integration.api_call',
        workspace,
        time: Math.floor(from + random() * (to - from)),
        integration: p.integration,
        kind: p.kind ?? 'integration',
        vantage: 'client',
        caller: `${workspace}-caller`,
        endpoint: random() < 0.5 ? '/a' : '/b',
        method: 'GET',
        status_code: failed ? 500 : 200,
        latency_ms: (p.median ?? 80) * (0.2 + random() * 3),
        bytes_in: Math.floor(random() * 1000),
        bytes_out: Math.floor(random() * 1000),
        ...p.extra?.(random),
      } as Event;
    }),
  );
}

beforeAll(async () => {
  engine = await startEngine();
  ch = engine.connect('shadower');
  await migrate(ch, domains);
  events = makeEvents(1, 'mine');
  const declared = {
    type: 'integration.dependency',
    workspace: 'mine',
    time: TO - DAY,
    source: 'reports',
    target: 'steady',
    dependency_type: 'data',
    criticality: 4,
  };
  await feed(ch, [...events, declared]);
  await feed(
    ch,
    makeEvents(2, 'theirs').map((e) => ({ ...e, integration: `theirs ${e.integration}`, endpoint: 'theirs' })),
  );
}, 120_000);
afterAll(() => engine?.stop());

// ------------------------------------------------------------------ the same numbers, computed independently

const failed = (e: Event): boolean => (e.status_code as number) >= 400;
/** Events of [from, to), services under their own name, each entity by one vantage. */
function counted(from: number, to: number): Map<string, Event[]> {
  const owners = new Map<string, Set<string>>();
  for (const e of events)
    if (e.vantage === 'server' && e.alias !== undefined)
      owners.set(String(e.alias), (owners.get(String(e.alias)) ?? new Set()).add(e.integration));
  const byName = new Map<string, Event[]>();
  for (const e of events) {
    if (e.time < from || e.time >= to) continue;
    const own = e.vantage === 'client' && e.kind === 'service' ? owners.get(e.integration) : undefined;
    const name = own?.size === 1 ? [...own][0]! : e.integration;
    byName.set(name, [...(byName.get(name) ?? []), e]);
  }
  for (const [name, list] of byName) {
    const client = list.filter((e) => e.vantage === 'client');
    if (client.length > 0) byName.set(name, client);
  }
  return byName;
}

/** Failures in the windows after the last one that had a success. */
function failuresInARow(list: Event[], window: number): number {
  const of = (e: Event): number => Math.floor(e.time / window);
  const last = Math.max(-1, ...list.filter((e) => !failed(e)).map(of));
  return list.filter((e) => of(e) > last).length;
}

interface Health {
  calls: number;
  failures: number;
  p95: number;
  values: (number | null)[];
  lost: (number | null)[];
  score: number | null;
  status: string;
  confidence: number;
}
/** `window`: length of the rollup's windows in ms, which is how exactly failures in a row can be told. */
function healthOf(list: Event[], window: number): Health {
  const calls = list.length;
  const failures = list.filter(failed).length;
  const hist = new Map<number, number>();
  for (const e of list) {
    const b = bucketOf(e.latency_ms as number);
    hist.set(b, (hist.get(b) ?? 0) + 1);
  }
  const p95 = quantile(hist, 0.95, Math.max(...list.map((e) => e.latency_ms as number)))!;
  const quotas = list
    .filter((e) => Number(e.rate_limit_limit) > 0)
    .map((e) => 1 - Number(e.rate_limit_remaining) / Number(e.rate_limit_limit));
  const values = [
    failures / calls,
    p95,
    quotas.length === 0 ? null : Math.max(...quotas),
    list.filter((e) => e.deprecated === true).length / calls,
    null,
    failuresInARow(list, window),
    null,
    null,
    null,
    null,
  ];
  const known = health.terms.reduce((w, t, i) => w + (values[i] === null ? 0 : t.weight), 0);
  const lost = health.terms.map((t, i) => {
    const v = values[i]!;
    return v === null ? null : (100 * t.weight * Math.min(1, Math.max(0, (v - t.good) / (t.bad - t.good)))) / known;
  });
  let score = 100 - lost.reduce<number>((a, b) => a + (b ?? 0), 0);
  health.terms.forEach((t, i) => {
    if (t.gate !== undefined && (values[i] ?? 0) > t.gate.above) score = Math.min(score, t.gate.cap);
  });
  // Wilson's interval written out from its two ends.
  const z = 1.96;
  const p = failures / calls;
  const centre = (p + (z * z) / (2 * calls)) / (1 + (z * z) / calls);
  const half = (z / (1 + (z * z) / calls)) * Math.sqrt((p * (1 - p)) / calls + (z * z) / (4 * calls * calls));
  const status =
    calls >= 5 && failures === calls
      ? 'offline'
      : score >= health.statuses.healthy
        ? 'healthy'
        : score >= health.statuses.degraded
          ? 'degraded'
          : 'critical';
  return { calls, failures, p95, values, lost, score, status, confidence: 1 - (centre + half - (centre - half)) };
}

const adviceOf = (r: Row): unknown[] => [r.risk, r.severity, r.mitigation, r.priority, r.effort];
/** Risk and remedy of a term that loses points, with the severity and priority that its loss gives them. */
function wantedAdvice(t: (typeof health.terms)[number], v: number | null, lost: number | null): unknown[] {
  if (v === null || lost === null || lost <= 0) return [null, null, null, null, null];
  const capped = t.gate !== undefined && v > t.gate.above;
  const severity = capped ? 'critical' : v >= t.bad ? 'high' : 'medium';
  const priority = capped || lost >= 20 ? 'high' : lost >= 5 ? 'medium' : 'low';
  return [t.risk, severity, t.remedy!.action, priority, t.remedy!.effort];
}

const near = (got: unknown, want: number | null, what: string): void => {
  if (want === null) return expect([what, got]).toEqual([what, null]);
  if (typeof got !== 'number' || Math.abs(got - want) > 1e-9 * Math.max(1, Math.abs(want)))
    throw new Error(`${what}: got ${String(got)}, want ${want}`);
};
const num = (v: unknown): unknown => (typeof v === 'string' && v !== '' ? Number(v) : v);

describe('health', () => {
  it.each([
    ['1m', FROM, TO],
    ['1h', FROM, TO],
    ['1d', FROM, TO],
    ['1m', FROM + DAY, FROM + DAY + 3_600_000],
    ['1h', FROM + DAY, TO],
  ])('scores at grain %s from %d to %d are what the events say', async (grain, from, to) => {
    const window = { '1m': 60_000, '1h': 3_600_000, '1d': DAY }[grain]!;
    const now = counted(from, to);
    const before = counted(2 * from - to, from);
    const { scores, terms } = await runQuery(ch, 'integration_health', grain, { workspace: 'mine', from, to });
    expect(new Set(scores!.map((r) => r.entity))).toEqual(new Set([...now.keys(), ...before.keys()]));
    expect(scores!.length).toBe(new Set(scores!.map((r) => r.entity)).size);
    for (const r of scores!) {
      const name = String(r.entity);
      const previous = before.has(name) ? healthOf(before.get(name)!, window).score : null;
      near(num(r.previous_score), previous, `${name} previous`);
      if (!now.has(name)) {
        expect(r).toMatchObject({ score: null, status: 'unknown', confidence: 0, error_rate: null, p95_ms: null });
        expect(r).toMatchObject({ last_success: null, change: null });
        expect(num(r.calls)).toBe(0);
        continue;
      }
      const list = now.get(name)!;
      const want = healthOf(list, window);
      near(num(r.score), want.score, `${name} score`);
      near(num(r.confidence), want.confidence, `${name} confidence`);
      near(num(r.p95_ms), want.p95, `${name} p95`);
      near(num(r.error_rate), want.failures / want.calls, `${name} error rate`);
      near(num(r.change), previous === null ? null : want.score! - previous, `${name} change`);
      expect([name, r.status, num(r.calls)]).toEqual([name, want.status, want.calls]);
      const good = list.filter((e) => !failed(e)).map((e) => e.time);
      const last = good.length === 0 ? null : clickHouseTime(Math.max(...good));
      expect([name, r.last_success]).toEqual([name, last]);

      const wasLost = before.has(name) ? healthOf(before.get(name)!, window).lost : undefined;
      const own = terms!.filter((t) => t.entity === name);
      expect(own.map((t) => t.term).sort()).toEqual(health.terms.map((t) => t.name).sort());
      health.terms.forEach((t, i) => {
        const row = own.find((x) => x.term === t.name)!;
        near(num(row.value), want.values[i]!, `${name} ${t.name}`);
        near(num(row.points_lost), want.lost[i]!, `${name} ${t.name} points`);
        const status = want.values[i] === null ? 'unknown' : null;
        if (status !== null) expect(row.status).toBe(status);
        else if (want.lost[i] === 0) expect(row.status).toBe('ok');
        else expect(row.status).toBe(want.values[i]! >= t.bad ? 'bad' : 'warn');
        near(num(row.previous_points_lost), wasLost?.[i] ?? null, `${name} ${t.name} points before`);
        near(num(row.gate_above), t.gate?.above ?? null, `${name} ${t.name} gate`);
        near(num(row.gate_cap), t.gate?.cap ?? null, `${name} ${t.name} cap`);
        expect([name, row.evidence_query, row.evidence_column]).toEqual([name, t.evidence!.query, t.evidence!.column]);
        expect([name, t.name, adviceOf(row)]).toEqual([name, t.name, wantedAdvice(t, want.values[i]!, want.lost[i]!)]);
      });
      // The invariant a reader of the card relies on.
      const sum = own.reduce((a, t) => a + (t.points_lost === null ? 0 : Number(t.points_lost)), 0);
      const caps = own.filter((t) => t.gate !== null).map((t) => Number(t.gate));
      near(num(r.score), Math.min(100 - sum, ...caps), `${name}: 100 minus points, capped`);
    }
  });

  it('covers the cases that matter', async () => {
    const { scores } = await runQuery(ch, 'integration_health', '1h', { workspace: 'mine', from: FROM, to: TO });
    const of = (name: string) => scores!.find((r) => r.entity === name)!;
    expect(of('down').status).toBe('offline');
    expect(of('down-four-times')).toMatchObject({ status: 'critical', score: expect.any(Number) });
    expect(Number(of('down-four-times').score)).toBeLessThanOrEqual(40);
    expect(Number(of('one').confidence)).toBeLessThan(0.25);
    expect(Number(of('steady').confidence)).toBeGreaterThan(0.9);
    expect(of('gone').status).toBe('unknown');
    expect(of('new').previous_score).toBeNull();
    expect(of('instant').p95_ms).toBe(0);
    expect(new Set(scores!.map((r) => r.status))).toEqual(
      new Set(['healthy', 'degraded', 'critical', 'offline', 'unknown']),
    );
    expect(scores!.some((r) => r.entity === 'by-its-alias')).toBe(false);
    expect(of('shared').kind).toBe('service');
  });

  it('evidence names a query, a column and a parameter that exist', () => {
    const queries = domains.flatMap((d) => d.queries);
    for (const { evidence } of health.terms) {
      const query = queries.find((q) => q.name === evidence!.query)!;
      expect(Object.keys(query.parts.main!.columns)).toContain(evidence!.column);
      expect(Object.keys(query.params!)).toContain(evidence!.filter);
    }
  });

  it('changes are the differences of the terms where no cap is in force', async () => {
    const { scores, terms } = await runQuery(ch, 'integration_health', '1h', { workspace: 'mine', from: FROM, to: TO });
    let seen = 0;
    for (const r of scores!) {
      const own = terms!.filter((t) => t.entity === r.entity);
      const known = own.filter((t) => t.points_lost !== null);
      if (r.change === null || known.some((t) => t.previous_points_lost === null)) continue;
      const atMost = (x: 'points_lost' | 'previous_points_lost') => 100 - known.reduce((a, t) => a + Number(t[x]), 0);
      if (Number(r.score) < atMost('points_lost') - 1e-9) continue;
      if (Number(r.previous_score) < atMost('previous_points_lost') - 1e-9) continue;
      seen++;
      near(num(r.change), atMost('points_lost') - atMost('previous_points_lost'), String(r.entity));
    }
    expect(seen).toBeGreaterThan(5);
  });

  it('trend and "since" follow from the steps', async () => {
    const grain = 60;
    const step = Math.floor((SECONDS + 60 * grain - 1) / (60 * grain)) * grain * 1000;
    const { trend, terms } = await runQuery(ch, 'integration_health', '1m', { workspace: 'mine', from: FROM, to: TO });
    for (const [name, list] of counted(FROM, TO)) {
      const steps = new Map<number, Event[]>();
      for (const e of list) {
        const t = Math.max(FROM, Math.floor(e.time / step) * step);
        steps.set(t, [...(steps.get(t) ?? []), e]);
      }
      const times = [...steps.keys()].sort((a, b) => a - b);
      const points = trend!.filter((r) => r.entity === name);
      expect(points.map((r) => r.time)).toEqual(times.map(clickHouseTime));
      points.forEach((r, i) => near(num(r.score), healthOf(steps.get(times[i]!)!, 60_000).score, `${name} trend`));
      health.terms.forEach((t, i) => {
        let since: number | null = null;
        for (const at of times) {
          const bad = (healthOf(steps.get(at)!, 60_000).lost[i] ?? 0) > 0;
          since = bad ? (since ?? at) : null;
        }
        const row = terms!.find((x) => x.entity === name && x.term === t.name)!;
        expect([name, t.name, row.since]).toEqual([name, t.name, since === null ? null : clickHouseTime(since)]);
      });
    }
  });

  it('a range without calls has no rows, and none of them is invented', async () => {
    const from = FROM + 100 * DAY;
    const parts = await runQuery(ch, 'integration_health', '1h', { workspace: 'mine', from, to: from + DAY });
    expect(parts).toEqual({ scores: [], terms: [], trend: [] });
  });
});

describe('calls', () => {
  it.each(['1m', '1h', '1d'])('per day at grain %s', async (grain) => {
    const args = { workspace: 'mine', from: FROM, to: TO, step: 86_400 };
    const rows = (await runQuery(ch, 'integration_calls', grain, args)).main!;
    let seen = 0;
    for (const [name, all] of counted(FROM, TO))
      for (const day of [FROM, FROM + DAY]) {
        const list = all.filter((e) => e.time >= day && e.time < day + DAY);
        const row = rows.find((r) => r.integration === name && r.time === clickHouseTime(day));
        if (list.length === 0) {
          expect(row).toBeUndefined();
          continue;
        }
        seen++;
        const want = healthOf(list, DAY);
        near(num(row!.calls), list.length, name);
        near(num(row!.rate), list.length / 86_400, name);
        near(num(row!.failures), want.failures, name);
        near(num(row!.p95_ms), want.p95, name);
        // Values of a sum in ms are rounded to 2^-14 (docs/guarantee.md).
        const rounded = list.map((e) => Math.round((e.latency_ms as number) * 2 ** 14) / 2 ** 14);
        near(num(row!.avg_ms), rounded.reduce((a, v) => a + v, 0) / list.length, name);
        near(num(row!.max_ms), Math.max(...list.map((e) => e.latency_ms as number)), name);
        near(
          num(row!.bytes_in),
          list.reduce((a, e) => a + (e.bytes_in as number), 0),
          name,
        );
      }
    expect(rows.length).toBe(seen);
  });

  it('endpoints add up to their integration', async () => {
    const rows = (await runQuery(ch, 'integration_endpoints', '1h', { workspace: 'mine', from: FROM, to: TO })).main!;
    for (const [name, list] of counted(FROM, TO)) {
      const own = rows.filter((r) => r.integration === name);
      near(
        own.reduce((a, r) => a + Number(r.calls), 0),
        list.length,
        name,
      );
      for (const r of own)
        near(num(r.calls), list.filter((e) => e.endpoint === r.endpoint).length, `${name} ${String(r.endpoint)}`);
    }
  });
});

describe('dependencies', () => {
  const graph = (args: Row = {}) =>
    runQuery(ch, 'integration_dependencies', '1h', { workspace: 'mine', from: FROM, to: TO, ...args });

  it('has unique nodes, and every edge joins two of them', async () => {
    const { nodes, edges } = await graph();
    const ids = nodes!.map((n) => n.id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const e of edges!) expect(ids).toEqual(expect.arrayContaining([e.source, e.target]));
    expect(new Set(edges!.map((e) => e.id)).size).toBe(edges!.length);
    for (const n of nodes!) {
      const arcs = ['arc__healthy', 'arc__degraded', 'arc__critical', 'arc__unknown'].map((a) => Number(n[a]));
      expect(arcs.reduce((a, b) => a + b, 0)).toBe(1);
    }
  });

  it('resolves an alias that one service owns, and leaves one that several own', async () => {
    const { nodes, edges } = await graph();
    const ids = nodes!.map((n) => n.id);
    expect(ids).toEqual(expect.arrayContaining(['service:api', 'service:shared', 'service:twin-1', 'service:twin-2']));
    expect(ids).not.toContain('service:by-its-alias');
    expect(edges!.map((e) => `${String(e.source)}>${String(e.target)}`)).toEqual(
      expect.arrayContaining(['service:web>service:api', 'service:web>service:shared']),
    );
    // Seen from inside: a service with server spans of its own.
    expect(nodes!.find((n) => n.id === 'service:api')!.external).toBe(false);
    expect(nodes!.find((n) => n.id === 'integration:steady')!.external).toBe(true);
  });

  it('shows the same numbers as the scorecard', async () => {
    const { nodes } = await graph();
    const { scores } = await runQuery(ch, 'integration_health', '1h', { workspace: 'mine', from: FROM, to: TO });
    for (const s of scores!.filter((r) => r.status !== 'unknown')) {
      const n = nodes!.find((x) => x.title === s.entity && x.kind === s.kind)!;
      expect(n).toMatchObject({ score: s.score, status: s.status, error_rate: s.error_rate, p95_ms: s.p95_ms });
      near(num(n.calls), Number(s.calls), String(s.entity));
    }
  });

  it('edges carry what the callers saw; a declaration has no traffic', async () => {
    const { edges } = await graph();
    const list = events.filter((e) => e.integration === 'flaky' && e.time >= FROM && e.time < TO);
    const edge = edges!.find((e) => e.target === 'integration:flaky')!;
    const want = healthOf(list, DAY);
    near(num(edge.calls), want.calls, 'calls');
    near(num(edge.rate), want.calls / SECONDS, 'rate');
    near(num(edge.error_rate), want.failures / want.calls, 'error rate');
    near(num(edge.p95_ms), want.p95, 'p95');
    near(
      num(edge.bytes),
      list.reduce((a, e) => a + (e.bytes_in as number) + (e.bytes_out as number), 0),
      'bytes',
    );
    expect(edges!.find((e) => e.origin === 'declared')).toMatchObject({
      source: 'service:reports',
      target: 'integration:steady',
      relation: 'data',
      criticality: 4,
      rate: null,
      error_rate: null,
      p95_ms: null,
    });
  });

  it('the integration parameter leaves its node, its edges and their other ends', async () => {
    const { nodes, edges } = await graph({ integration: ['steady'] });
    expect(nodes!.map((n) => n.id).sort()).toEqual(['integration:steady', 'service:mine-caller', 'service:reports']);
    expect(edges!.length).toBe(2);
    const resolvedName = await graph({ integration: ['api'] });
    expect(resolvedName.edges!.map((e) => e.source)).toEqual(['service:web']);
  });
});

it('no view shows a row of another workspace', async () => {
  const { queries } = buildViews(domains, 'shadower').catalog;
  for (const [workspace, foreign] of [
    ['mine', 'theirs'],
    ['theirs', 'mine'],
  ] as const) {
    let rows = 0;
    for (const q of queries) {
      // One way at every grain; the other way round shows that there is something to see.
      const { views } = q.parts[0]!;
      for (const { grain } of workspace === 'mine' ? views : views.slice(0, 1)) {
        const parts = await runQuery(ch, q.name, grain, { workspace, from: FROM, to: TO + 400 * DAY, step: 86_400 });
        const text = JSON.stringify(parts);
        expect([q.name, grain, text.includes(foreign)]).toEqual([q.name, grain, false]);
        rows += Object.values(parts).flat().length;
      }
    }
    expect(rows).toBeGreaterThan(100);
  }
  // Hundreds of views, each planned and run for both.
}, 600_000);

it('quantileSql is vocabulary/histogram.quantile', async () => {
  const buckets = fc.uniqueArray(
    fc.tuple(
      fc.oneof(fc.integer({ min: -300, max: 700 }), fc.constantFrom(ZERO_BUCKET, ZERO_BUCKET + 1, -18_000, 15_000)),
      fc.oneof(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 1e12 })),
    ),
    { selector: (b) => b[0], maxLength: 40 },
  );
  const cases = fc.sample(fc.tuple(buckets, fc.double({ min: 0, max: 1e9, noNaN: true })), { numRuns: 150, seed: 7 });
  const qs = [0.01, 0.5, 0.9, 0.95, 0.99, 1];
  const columns = qs.map((q, i) => `${quantileSql(q, 'h', 'm')} AS q${i}, ${quantileSql(q, 'h')} AS u${i}`).join(', ');
  const list = (x: unknown, type: string): string => `CAST(${JSON.stringify(x)}, '${type}')`;
  const rows = await ch.rows<Record<string, number | null>>(
    `SELECT ${columns} FROM (SELECT mapFromArrays(k, c) AS h, toNullable(x) AS m FROM (SELECT 1) ARRAY JOIN
      ${list(
        cases.map(([h]) => h.map((b) => b[0])),
        'Array(Array(Int16))',
      )} AS k,
      ${list(
        cases.map(([h]) => h.map((b) => b[1])),
        'Array(Array(UInt64))',
      )} AS c,
      ${list(
        cases.map(([, max]) => max),
        'Array(Float64)',
      )} AS x)`,
  );
  expect(rows.length).toBe(cases.length);
  rows.forEach((r, i) => {
    const [h, max] = cases[i]!;
    qs.forEach((q, k) => {
      near(r[`q${k}`], quantile(new Map(h), q, max), `case ${i} q ${q}`);
      const free = quantile(new Map(h), q);
      if (free === null || free < 1e200) near(r[`u${k}`], free, `case ${i} q ${q}, no maximum`);
    });
  });
});

it('a rate over a window is failures by calls; the mean of its minutes would be far off', async () => {
  const at = FROM + 60 * DAY;
  const call = (minute: number, i: number, status_code: number): object => ({
    type: 'integration.api_call',
    workspace: 'window',
    time: at + minute * 60_000 + i,
    integration: 'uneven',
    endpoint: '/',
    status_code,
    latency_ms: 10,
  });
  await feed(ch, [...Array.from({ length: 100 }, (_, i) => call(0, i, 200)), call(1, 0, 500)]);
  const range = { workspace: 'window', from: at, to: at + 300_000, step: 60 };
  const window = (await runQuery(ch, 'integration_window', '1m', range)).main!;
  expect(window).toHaveLength(1);
  expect(window[0]).toMatchObject({ integration: 'uneven', calls: 101, failures: 1 });
  expect(window[0]!.error_rate as number).toBeCloseTo(1 / 101, 12);
  // The point lies on the last step of the range, where a reader that reduces to the last value finds it.
  expect(Date.parse(`${String(window[0]!.time).replace(' ', 'T').replace('Z', '')}Z`)).toBe(at + 240_000);
  const minutes = (await runQuery(ch, 'integration_calls', '1m', range)).main!.map((r) => r.error_rate as number);
  expect(minutes.reduce((a, b) => a + b, 0) / minutes.length).toBeCloseTo(0.5, 12);
});
