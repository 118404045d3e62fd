/** Numbers about synchronisation, in a real ClickHouse, against the same computed here from the events themselves. */
import { domains } from '../..';
import type { ClickHouse } from '../../../clickhouse/client';
import { migrate } from '../../../clickhouse/migrate';
import { clickHouseTime, feed, runQuery, startEngine, type TestEngine } from '../../../clickhouse/testing/engine';
import { seeded } from '../../../cli/demo';
import { bucketOf, quantile } from '../../../vocabulary/histogram';
import { CONFLICT_TYPES, RESOLUTIONS } from './events';

interface Operation {
  type: string;
  workspace: string;
  time: number;
  integration: string;
  stream: string;
  sync_type: string;
  status: 'running' | 'completed' | 'failed' | 'partial';
  records_to_sync?: number;
  records_synced?: number;
  records_failed?: number;
  records_skipped?: number;
  volume_bytes?: number;
  retries?: number;
  duration_ms?: number;
  error_code?: string;
}
interface Conflict {
  type: string;
  workspace: string;
  time: number;
  integration: string;
  stream: string;
  conflict_type: string;
  resolution: string;
  resolution_ms?: number;
  field?: string;
  segment?: string;
  data_loss?: boolean;
  satisfaction?: number;
}
type Row = Record<string, unknown>;

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const FROM = Date.UTC(2026, 2, 10);
const TO = FROM + 2 * DAY;

let engine: TestEngine;
let ch: ClickHouse;
let operations: Operation[];
let conflicts: Conflict[];

interface Profile {
  integration: string;
  stream: string;
  n: number;
  fail?: number;
  partial?: number;
  running?: number;
  from?: number;
  to?: number;
  bare?: boolean;
}
const PROFILES: Profile[] = [
  { integration: 'crm', stream: 'contacts', n: 200, fail: 0.1, partial: 0.2, running: 0.3 },
  { integration: 'crm', stream: 'deals', n: 60, fail: 0.5 },
  { integration: 'shop', stream: 'orders', n: 150 },
  { integration: 'shop', stream: 'all-failing', n: 12, fail: 1 },
  { integration: 'shop', stream: 'one', n: 1, from: FROM + HOUR, to: FROM + HOUR + 1 },
  { integration: 'shop', stream: 'bare', n: 20, bare: true },
  { integration: 'shop', stream: 'only-running', n: 9, running: 1 },
  { integration: 'gone', stream: 'before', n: 30, to: FROM },
  { integration: 'gaps', stream: 'rare', n: 5 },
];

function makeOperations(seed: number, workspace: string): Operation[] {
  const random = seeded(seed);
  return PROFILES.flatMap((p) =>
    Array.from({ length: p.n }, (): Operation => {
      const from = p.from ?? FROM - 2 * DAY;
      const r = random();
      const status =
        random() < (p.running ?? 0)
          ? 'running'
          : r < (p.fail ?? 0)
            ? 'failed'
            : r < (p.fail ?? 0) + (p.partial ?? 0)
              ? 'partial'
              : 'completed';
      const wanted = Math.floor(random() * 500);
      const synced = status === 'failed' ? 0 : Math.floor(wanted * (0.5 + random() / 2));
      return {
        type: 'integration.sync_operation',
        workspace,
        time: Math.floor(from + random() * ((p.to ?? TO) - from)),
        integration: p.integration,
        stream: `${p.stream}`,
        sync_type: random() < 0.8 ? 'incremental' : 'full',
        status,
        ...(p.bare
          ? {}
          : {
              records_to_sync: wanted,
              records_synced: synced,
              records_failed: Math.floor((wanted - synced) * random()),
              records_skipped: Math.floor(random() * 3),
              volume_bytes: Math.floor(random() * 1e6),
              retries: Math.floor(random() * 4),
              ...(random() < 0.9 ? { duration_ms: 100 + random() * 20_000 } : {}),
            }),
        ...(status === 'failed' ? { error_code: random() < 0.5 ? 'timeout' : 'quota' } : {}),
      };
    }),
  );
}

function makeConflicts(seed: number, workspace: string): Conflict[] {
  const random = seeded(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  return [
    ...['crm', 'shop'].flatMap((integration) =>
      Array.from({ length: 120 }, (_, i): Conflict => {
        const resolution = pick(RESOLUTIONS);
        // The crm's grow denser towards the end.
        const at = integration === 'crm' ? Math.sqrt((i + random()) / 120) : random();
        return {
          type: 'integration.sync_conflict',
          workspace,
          time: Math.floor(FROM + at * (TO - FROM) * 0.999),
          integration,
          stream: pick(['contacts', 'orders']),
          conflict_type: pick(CONFLICT_TYPES),
          resolution,
          ...(resolution === 'auto' || resolution === 'manual' ? { resolution_ms: random() * 1e6 } : {}),
          ...(random() < 0.8 ? { field: pick(['email', 'email', 'phone', 'owner']) } : {}),
          ...(random() < 0.6 ? { segment: pick(['enterprise', 'trial']) } : {}),
          data_loss: random() < 0.05,
          ...(random() < 0.2 ? { satisfaction: Math.floor(random() * 5) / 4 } : {}),
        };
      }),
    ),
    {
      type: 'integration.sync_conflict',
      workspace,
      time: FROM + HOUR,
      integration: 'single',
      stream: 'x',
      conflict_type: 'business_rule',
      resolution: 'ignored',
      data_loss: true,
    },
  ];
}

beforeAll(async () => {
  engine = await startEngine();
  ch = engine.connect('shadower');
  await migrate(ch, domains);
  operations = makeOperations(1, 'mine');
  conflicts = makeConflicts(2, 'mine');
  await feed(ch, [...operations, ...conflicts, ...makeOperations(3, 'theirs'), ...makeConflicts(4, 'theirs')]);
}, 120_000);
afterAll(() => engine?.stop());

const num = (v: unknown): unknown => (typeof v === 'string' && /^-?[\d.e+-]+$/.test(v) ? Number(v) : v);
function same(row: Row | undefined, want: Record<string, number | string | null>, what: string): void {
  for (const [name, value] of Object.entries(want)) {
    const got = num(row?.[name]);
    const close =
      typeof value === 'number' &&
      typeof got === 'number' &&
      Math.abs(got - value) <= 1e-9 * Math.max(1, Math.abs(value));
    if (!close && got !== value) throw new Error(`${what} ${name}: got ${String(got)}, want ${value}`);
  }
}
const sum = (list: readonly (number | undefined)[]): number => list.reduce<number>((a, b) => a + (b ?? 0), 0);
const ratio = (a: number, b: number): number | null => (b === 0 ? null : a / b);
/** What enters a sum in ms is rounded to 2^-14 (docs/guarantee.md), a share to 2^-20. */
const rounded = (v: number, k: number): number => Math.round(v * 2 ** k) / 2 ** k;
function percentile(values: readonly number[], q: number): number | null {
  const hist = new Map<number, number>();
  for (const v of values) hist.set(bucketOf(v), (hist.get(bucketOf(v)) ?? 0) + 1);
  return quantile(hist, q, Math.max(...values));
}

function operationNumbers(list: readonly Operation[], seconds: number): Record<string, number | null> {
  const ended = list.filter((o) => o.status !== 'running');
  const n = (status: string) => list.filter((o) => o.status === status).length;
  const synced = sum(ended.map((o) => o.records_synced));
  const failures = sum(ended.map((o) => o.records_failed));
  const timed = ended.filter((o) => o.duration_ms !== undefined);
  const durations = timed.map((o) => o.duration_ms!);
  const total = sum(durations.map((d) => rounded(d, 14)));
  const waiting = list
    .filter((o) => o.records_to_sync !== undefined)
    .map((o) => Math.max(0, o.records_to_sync! - o.records_synced! - o.records_skipped!));
  return {
    operations: ended.length,
    completed: n('completed'),
    partial: n('partial'),
    failed: n('failed'),
    running: n('running'),
    failure_rate: ratio(n('failed'), ended.length),
    partial_rate: ratio(n('partial'), ended.length),
    records_to_sync: sum(ended.map((o) => o.records_to_sync)),
    records_synced: synced,
    records_failed: failures,
    records_skipped: sum(ended.map((o) => o.records_skipped)),
    record_failure_rate: ratio(failures, synced + failures),
    records_rate: synced / seconds,
    throughput: ratio(sum(timed.map((o) => o.records_synced)), total / 1000),
    avg_duration_ms: ratio(total, durations.length),
    p50_duration_ms: percentile(durations, 0.5),
    p95_duration_ms: percentile(durations, 0.95),
    volume: sum(ended.map((o) => o.volume_bytes)),
    retries: sum(ended.map((o) => o.retries)),
    backlog: waiting.length === 0 ? null : Math.max(...waiting),
  };
}

function conflictNumbers(list: readonly Conflict[]): Record<string, number | null> {
  const n = (key: keyof Conflict, value: unknown) => list.filter((c) => c[key] === value).length;
  const times = list.flatMap((c) => (c.resolution_ms === undefined ? [] : [c.resolution_ms]));
  const rated = list.flatMap((c) => (c.satisfaction === undefined ? [] : [c.satisfaction]));
  const auto = list.filter((c) => c.resolution === 'auto');
  return {
    conflicts: list.length,
    ...Object.fromEntries(CONFLICT_TYPES.map((t) => [t, n('conflict_type', t)])),
    ...Object.fromEntries(RESOLUTIONS.map((r) => [r, n('resolution', r)])),
    auto_rate: ratio(auto.length, list.length),
    auto_success_rate: ratio(auto.filter((c) => !c.data_loss).length, auto.length),
    manual_rate: ratio(n('resolution', 'manual'), list.length),
    data_loss: n('data_loss', true),
    avg_resolution_ms: ratio(sum(times.map((t) => rounded(t, 14))), times.length),
    p95_resolution_ms: percentile(times, 0.95),
    satisfaction: ratio(sum(rated), rated.length),
  };
}

const query = async (name: string, grain: string, args: Row = {}): Promise<Row[]> =>
  (await runQuery(ch, name, grain, { workspace: 'mine', from: FROM, to: TO, ...args })).main!;
const within = <T extends { time: number }>(list: readonly T[], from = FROM, to = TO): T[] =>
  list.filter((x) => x.time >= from && x.time < to);
function groups<T>(list: readonly T[], key: (x: T) => string): Map<string, T[]> {
  const out = new Map<string, T[]>();
  for (const x of list) out.set(key(x), [...(out.get(key(x)) ?? []), x]);
  return out;
}
const streamOf = (x: { integration: unknown; stream: unknown }): string =>
  `${String(x.integration)}/${String(x.stream)}`;

describe('sync operations', () => {
  it.each(['1m', '1h', '1d'])('per stream and day at grain %s', async (grain) => {
    const rows = await query('integration_syncs', grain, { step: 86_400 });
    let seen = 0;
    for (const day of [FROM, FROM + DAY])
      for (const [key, list] of groups(within(operations, day, day + DAY), streamOf)) {
        seen++;
        const row = rows.find((r) => streamOf(r as never) === key && r.time === clickHouseTime(day));
        same(row, operationNumbers(list, 86_400), `${key} ${grain}`);
      }
    expect(rows.length).toBe(seen);
  });

  it('over the whole range, of one stream and of all', async () => {
    const window = await query('integration_sync_window', '1h', { step: 3600 });
    for (const [key, list] of groups(within(operations), streamOf))
      same(
        window.find((r) => streamOf(r as never) === key),
        operationNumbers(list, (2 * DAY) / 1000),
        key,
      );
    expect(new Set(window.map((r) => r.time))).toEqual(new Set([clickHouseTime(TO - HOUR)]));
    const totals = await query('integration_sync_totals', '1h', {
      step: 86_400,
      integration: ['crm'],
      sync_type: ['full'],
    });
    for (const day of [FROM, FROM + DAY]) {
      const list = within(operations, day, day + DAY).filter((o) => o.integration === 'crm' && o.sync_type === 'full');
      const { backlog: _, ...want } = operationNumbers(list, 86_400);
      same(
        totals.find((r) => r.time === clickHouseTime(day)),
        want,
        'totals',
      );
    }
  });

  it('covers the cases that matter', async () => {
    const window = await query('integration_sync_window', '1h', { step: 3600 });
    const of = (stream: string) => window.find((r) => r.stream === stream)!;
    expect(of('all-failing')).toMatchObject({ failure_rate: 1, throughput: 0 });
    expect(of('only-running')).toMatchObject({
      failure_rate: null,
      partial_rate: null,
      throughput: null,
      p95_duration_ms: null,
    });
    expect(num(of('only-running').records_synced)).toBe(0);
    expect(of('only-running').backlog).not.toBeNull();
    expect(of('bare')).toMatchObject({ throughput: null, backlog: null, avg_duration_ms: null, failure_rate: 0 });
    expect(num(of('one').operations)).toBe(1);
    expect(of('before')).toBeUndefined();
    expect(await query('integration_sync_window', '1h', { from: FROM + 50 * DAY, to: FROM + 51 * DAY })).toEqual([]);
  });

  it('states are the worst of a step; a step without reports has none', async () => {
    const rows = await query('integration_sync_states', '1m', { step: 3600 });
    const want = new Map<string, number>();
    const note = (x: { time: number; integration: string; stream: string }, state: number): void => {
      const key = `${streamOf(x)} ${clickHouseTime(Math.floor(x.time / HOUR) * HOUR)}`;
      want.set(key, Math.max(want.get(key) ?? 0, state));
    };
    for (const o of within(operations)) note(o, { running: 0, completed: 1, partial: 3, failed: 4 }[o.status]);
    for (const c of within(conflicts)) note(c, 2);
    expect(new Map(rows.map((r) => [`${streamOf(r as never)} ${String(r.time)}`, num(r.state)]))).toEqual(want);
  });

  it('errors and hours add up to all operations', async () => {
    const bad = within(operations).filter((o) => o.status === 'failed' || o.status === 'partial');
    const errors = await query('integration_sync_errors', '1h');
    for (const [key, list] of groups(bad, (o) => `${streamOf(o)} ${o.error_code ?? ''}`)) {
      const row = errors.find((r) => `${streamOf(r as never)} ${String(r.error_code)}` === key);
      same(row, { failed: list.filter((o) => o.status === 'failed').length, share: list.length / bad.length }, key);
    }
    expect(sum(errors.map((r) => Number(r.share)))).toBeCloseTo(1, 9);
    for (const grain of ['1m', '1h', '1d']) {
      const hours = await query('integration_sync_hours', grain);
      const hourOf = (x: { time: number }) => new Date(x.time).toISOString().slice(11, 13);
      const met = groups(within(conflicts), hourOf);
      for (const [hour, list] of groups(within(operations), hourOf)) {
        const ended = list.filter((o) => o.status !== 'running');
        same(
          hours.find((r) => r.hour === hour || Number(r.hour) === Number(hour)),
          {
            operations: ended.length,
            failed: list.filter((o) => o.status === 'failed').length,
            records_synced: sum(ended.map((o) => o.records_synced)),
            conflicts: met.get(hour)?.length ?? 0,
          },
          `${grain} hour ${hour}`,
        );
      }
      expect(sum(hours.map((r) => Number(r.conflicts)))).toBe(within(conflicts).length);
    }
  });
});

describe('age of the last success', () => {
  it.each<[string, number]>([
    ['1m', TO],
    ['1h', TO],
    ['1d', TO],
    ['1m', FROM + 31 * HOUR + 60_000],
    ['1h', FROM + 31 * HOUR],
  ])('at grain %s as of %d', async (grain, to) => {
    const rows = await query('integration_sync_freshness', grain, { from: to - HOUR, to });
    for (const [key, list] of groups(
      operations.filter((o) => o.time < to),
      streamOf,
    )) {
      const good = list
        .filter((o) => o.status === 'completed')
        .map((o) => o.time)
        .sort((a, b) => a - b);
      const row = rows.find((r) => streamOf(r as never) === key);
      const last = good.at(-1);
      const usual = good.length < 3 ? null : (last! - good[0]!) / (good.length - 1) / 1000;
      const age = last === undefined ? null : (to - last) / 1000;
      same(
        row,
        { age_seconds: age, usual_seconds: usual, overdue: usual === null ? null : age! / Math.max(60, usual) },
        `${key} ${grain}`,
      );
    }
    expect(rows.length).toBe(new Set(operations.filter((o) => o.time < to).map(streamOf)).size);
  });

  it('a stream that fell silent before the range is shown with its age, and its rates are unknown', async () => {
    const rows = await query('integration_sync_streams', '1h');
    const row = rows.find((r) => r.stream === 'before')!;
    const last = Math.max(
      ...operations.filter((o) => o.stream === 'before' && o.status === 'completed').map((o) => o.time),
    );
    expect(row).toMatchObject({ failure_rate: null, backlog: null, last_success: clickHouseTime(last) });
    expect(Number(row.overdue)).toBeGreaterThan(3);
    expect(rows.find((r) => r.stream === 'all-failing')).toMatchObject({
      age_seconds: null,
      overdue: null,
      last_success: null,
    });
    for (const [key, list] of groups(within(operations), streamOf))
      same(
        rows.find((r) => streamOf(r as never) === key),
        operationNumbers(list, (2 * DAY) / 1000),
        key,
      );
  });
});

describe('sync conflicts', () => {
  it.each(['1m', '1h', '1d'])('per day and over the range at grain %s', async (grain) => {
    const rows = await query('integration_conflicts', grain, { step: 86_400 });
    for (const day of [FROM, FROM + DAY])
      same(
        rows.find((r) => r.time === clickHouseTime(day)),
        conflictNumbers(within(conflicts, day, day + DAY)),
        grain,
      );
    const window = await query('integration_conflict_window', grain, { step: 86_400 });
    for (const [key, list] of groups(conflicts, streamOf))
      same(
        window.find((r) => streamOf(r as never) === key),
        conflictNumbers(list),
        key,
      );
    const summary = await query('integration_conflict_summary', grain);
    for (const [key, list] of groups(conflicts, (c) => c.integration))
      same(
        summary.find((r) => r.integration === key),
        conflictNumbers(list),
        key,
      );
  });

  it('peak hours', async () => {
    const summary = await query('integration_conflict_summary', '1d');
    for (const [key, list] of groups(conflicts, (c) => c.integration)) {
      const hours = [...groups(list, (c) => new Date(c.time).toISOString().slice(11, 13))];
      const peak = hours.sort(([a, x], [b, y]) => y.length - x.length || (a < b ? 1 : -1))[0]![0];
      expect([key, summary.find((r) => r.integration === key)!.peak_hour]).toEqual([key, peak]);
    }
  });

  it('the trend is Mann–Kendall over the whole steps in which anything was reported', async () => {
    const step = HOUR;
    const summary = await query('integration_conflict_summary', '1h');
    for (const key of ['crm', 'shop', 'single']) {
      const known = new Set(
        [...within(operations), ...conflicts]
          .filter((x) => x.integration === key)
          .map((x) => Math.floor(x.time / step)),
      );
      const counts = [...known]
        .sort((a, b) => a - b)
        .map((at) => conflicts.filter((c) => c.integration === key && Math.floor(c.time / step) === at).length);
      const n = counts.length;
      let s = 0;
      for (let i = 0; i < n; i++) for (let j = i + 1; j < n; j++) s += Math.sign(counts[j]! - counts[i]!);
      let variance = n * (n - 1) * (2 * n + 5);
      for (const [, ties] of groups(counts, String))
        variance -= ties.length * (ties.length - 1) * (2 * ties.length + 5);
      const z = n < 8 ? null : s === 0 ? 0 : (s - Math.sign(s)) / Math.sqrt(variance / 18);
      same(
        summary.find((r) => r.integration === key),
        { trend_z: z, trend_steps: n },
        key,
      );
    }
    const trend = (key: string) => summary.find((r) => r.integration === key)!.trend;
    expect([trend('crm'), trend('shop'), trend('single')]).toEqual(['increasing', 'stable', 'unknown']);
  });

  it.each([
    ['integration_conflict_fields', 'field', true],
    ['integration_conflict_segments', 'segment', true],
    ['integration_conflict_types', 'conflict_type', false],
    ['integration_conflict_resolutions', 'resolution', false],
  ] as const)('%s', async (name, column, perIntegration) => {
    const rows = await query(name, '1h');
    const keyOf = (x: Row) => `${perIntegration ? String(x.integration) : ''} ${String(x[column])}`;
    const want = groups(
      conflicts.filter((c) => c[column] !== undefined),
      (c) => keyOf(c as never),
    );
    expect(rows.length).toBe(want.size);
    for (const [key, list] of want) {
      const all = perIntegration ? conflicts.filter((c) => c.integration === list[0]!.integration) : conflicts;
      const { conflicts: n, manual_rate, data_loss, avg_resolution_ms, p95_resolution_ms } = conflictNumbers(list);
      same(
        rows.find((r) => keyOf(r) === key),
        {
          conflicts: n!,
          manual_rate: manual_rate!,
          data_loss: data_loss!,
          avg_resolution_ms: avg_resolution_ms!,
          p95_resolution_ms: p95_resolution_ms!,
          share: list.length / all.length,
        },
        key,
      );
    }
  });
});
