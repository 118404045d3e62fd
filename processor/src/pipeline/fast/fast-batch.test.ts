/**
 * The fast path against the plain one: the same records must give the same blocks, row by row and value by value, the same
 * digest and the same counts, whatever is in them. Demo events, then mutations of them down to flipped bytes.
 */
import * as fc from 'fast-check';
import { domains } from '../../domains';
import { decodeTraces } from '../../otlp';
import { plainBatches, type BatchOpener } from '../batch';
import { plainValues } from '../columns';
import type { TopicSpec } from '../decode';
import type { LogRecord } from '../ports';
import { Records } from '../records';
import { SeenIds } from '../seen';
import { fastBatches } from './fast-batch';
import { layoutOf } from './layout';
import { Scanner } from './scanner';

const AT = Date.UTC(2026, 10, 21, 12, 0, 30, 500);
const limits = { latenessMs: 3_600_000, futureMs: 600_000 };
const fast = fastBatches(domains, decodeTraces, limits);
const plain = plainBatches(domains, decodeTraces, limits);
const events = domains.flatMap((d) => d.events);
const specs: TopicSpec[] = [
  ...events.map((e): TopicSpec => ({ topic: e.type, encoding: 'event_json', type: e.type })),
  ...events.map((e): TopicSpec => ({ topic: e.type, encoding: 'event_json', type: e.type, workspace: 'fallback' })),
  { topic: 'unknown', encoding: 'event_json' },
];

const layouts = new Map(events.map((e) => [e.type, layoutOf(e)]));

const record = (offset: number, value: Buffer | null, headers: Record<string, string> = {}): LogRecord => ({
  offset,
  key: null,
  value,
  timestamp: AT - 1000 + offset,
  headers,
});

/** What a batch comes to: everything that anybody can see of it. */
function outcome(open: BatchOpener, spec: TopicSpec, records: Records, seen: SeenIds) {
  const batch = open(spec, { topic: spec.topic, partition: 3 }, seen, AT);
  for (let i = 0; i < records.length; i++) batch.take(records, i);
  const blocks = batch.blocks().map((b) => ({
    table: b.table,
    rows: b.rows,
    columns: b.columns.map((c) => ({ name: c.name, type: c.type, values: plainValues(c.values, b.rows) })),
  }));
  const { items, bytes, maxEventTime, lastAppended } = batch;
  const counts = batch.outcomes().map((o) => [o.outcome, o.reason, o.items]);
  const result = { items, bytes, maxEventTime, lastAppended, digest: batch.digest(), counts, blocks };
  batch.release?.();
  return result;
}

/** Bytes as text, text as ClickHouse gets it (half a surrogate pair is none), histograms in one order. */
function normal(v: unknown): unknown {
  if (v instanceof Map) return [...(v as Map<number, number>)].sort((x, y) => x[0] - y[0]);
  return typeof v === 'string' || v instanceof Uint8Array ? Buffer.from(v as string).toString('latin1') : v;
}
const comparable = (r: ReturnType<typeof outcome>) => ({
  ...r,
  blocks: r.blocks.map((b) => ({ ...b, columns: b.columns.map((c) => ({ ...c, values: c.values.map(normal) })) })),
});

function same(spec: TopicSpec, list: LogRecord[]): ReturnType<typeof outcome> {
  const records = Records.of(list);
  const a = outcome(fast, spec, records, new SeenIds(3_600_000, 1000));
  const b = outcome(plain, spec, records, new SeenIds(3_600_000, 1000));
  const [x, y] = [comparable(a), comparable(b)];
  // Worded by jest only where they differ; its comparison takes long.
  if (JSON.stringify(x) !== JSON.stringify(y)) expect(x).toEqual(y);
  return b;
}

const json = (e: object): Buffer => Buffer.from(JSON.stringify(e));

it('counts the demo of every domain alike, most of it without the plain path', () => {
  let scanned = 0;
  let total = 0;
  for (const domain of domains) {
    const from = AT - 600_000;
    let n = 0;
    const all = domain.demo?.events(from, AT, () => (n = (n * 16807 + 11) % 2147483647) / 2147483647, 0.5) ?? [];
    for (const def of domain.events) {
      const mine = all.filter((e) => e.type === def.type).map((e) => ({ ...e, workspace: 'demo' }));
      if (mine.length === 0) continue;
      same(
        { topic: def.type, encoding: 'event_json', type: def.type },
        mine.map((e, i) => record(i, json(e))),
      );
      const scanner = new Scanner(layoutOf(def));
      for (const e of mine) {
        const bytes = json(e);
        total++;
        if (scanner.scan(bytes, 0, bytes.length)) scanned++;
      }
    }
  }
  expect(total).toBeGreaterThan(500);
  expect(scanned / total).toBeGreaterThan(0.95);
});

type Random = (n: number) => number;
const random = (seed: number): Random => {
  let state = seed | 1;
  return (n) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % n;
  };
};
const pick = <T>(r: Random, list: readonly T[]): T => list[r(list.length)]!;

/** Values as text: usual ones, ones that are valid but unusual, and ones that are odd. */
const WORDS = ['"a"', '"b"', '"service"', '"client"', '"server"', '"x y"'];
const UNUSUAL_WORDS = ['"a\\u0041"', '"é"', '"😀"', `"${'x'.repeat(256)}"`, '"a\\/b"', '"~!@#"', '"\\ud800"'];
const NUMBERS = ['0', '1', '7', '250', '429', '12.5', '0.004', '99.999', '123456'];
const UNUSUAL_NUMBERS = [
  '1.0',
  '1e2',
  '1E-2',
  '0.1234567890123456',
  '100000000000000000e-16',
  '0.30000000000000004',
  '5.00',
];
const ODD = [
  ...[
    '-0',
    '-1',
    '01',
    '1.',
    '.5',
    '+1',
    '123456789012345',
    '1234567890123456',
    '9007199254740993',
    '1e400',
    'NaN',
    '- 1',
  ],
  ...[
    '0x10',
    '--1',
    '-5.5',
    'true',
    'false',
    'null',
    '{}',
    '[]',
    '[1]',
    '{"a":1}',
    'tru',
    'truex',
    '"unterminated',
    'x',
  ],
  ...['""', '"\\n"', '"\u007f"', '"\u0085"', `"${'x'.repeat(257)}"`, '"-w"', '"tab\t"', '"bad \\x"', '1 2'],
];
const ODD_TIMES = [
  ...[
    '"2026-11-21T12:00:00.1Z"',
    '"2026-11-21T12:00:00.123456Z"',
    '"2026-11-21T13:00:00+01:00"',
    '"2026-02-29T12:00:00Z"',
  ],
  ...[
    '"2026-11-21 12:00:00Z"',
    '"2026-11-21T24:00:00Z"',
    '"2026-11-21T11:59:60Z"',
    '"2026-11-21T12:00Z"',
    '"2026-11-31T12:00:00Z"',
  ],
  ...[
    '"2026-11-21T1x:00:00Z"',
    '"1969-11-21T12:00:00Z"',
    '-1',
    '1.5',
    '1e12',
    'null',
    '"+12026-11-21T12:00:00Z"',
    '8640000000000001',
  ],
];

function time(r: Random): string {
  const t = AT - 3_900_000 + r(4_700_000);
  const iso = new Date(t).toISOString();
  return pick(r, [String(t), JSON.stringify(iso), JSON.stringify(iso), JSON.stringify(iso.replace(/\.\d+/, ''))]);
}

/** The text of an event of the spec's type (any where it has none): about a third of them with something odd. */
function eventText(r: Random, spec: TopicSpec): string {
  const def = pick(
    r,
    events.filter((e) => spec.type === undefined || e.type === spec.type),
  );
  const example = def.example as Record<string, unknown>;
  const value = (f: { name: string; kind: string }): string => {
    if (f.name === 'type') return JSON.stringify(def.type);
    if (f.name === 'workspace') return pick(r, ['"demo"', '"other"']);
    if (f.name === 'time') return time(r);
    if (f.name === 'event_id') return pick(r, ['"a"', '"b"', `"${r(50)}"`, `"${r(1000)}"`, '"é"', '"a\\u0062"']);
    if (f.kind === 'flag') return pick(r, ['true', 'false']);
    if (f.kind === 'number') return r(8) === 0 ? pick(r, UNUSUAL_NUMBERS) : pick(r, NUMBERS);
    // Choices are known by their example.
    if (r(3) === 0 && typeof example[f.name] === 'string') return JSON.stringify(example[f.name]);
    if (f.kind === 'word' && ['kind', 'vantage'].includes(f.name)) return pick(r, WORDS.slice(2, 5));
    return r(8) === 0 ? pick(r, UNUSUAL_WORDS) : pick(r, WORDS);
  };
  let list = layouts
    .get(def.type)!
    .fields.filter((f) => f.required || r(10) < (f.name === 'event_id' ? 9 : 4))
    .map((f): [string, string] => [f.name, value(f)]);
  const oddity = r(30);
  if (oddity === 0) list.push(['__proto__', '{"x":1}']);
  if (oddity === 1) list.push(['unknown', '1']);
  if (oddity === 2) list.push(pick(r, list));
  if (oddity === 3) list.push(['constructor', '"x"']);
  if (oddity === 4) list.splice(r(list.length), 1);
  if (oddity === 5) list = list.filter(([name]) => name !== 'workspace' && name !== 'type');
  if (oddity < 9) pick(r, list)[1] = pick(r, ODD);
  if (oddity === 9) for (const p of list) if (p[0] === 'time') p[1] = pick(r, ODD_TIMES);
  if (oddity > 9 && oddity < 15) list.sort(() => r(3) - 1);
  const gap = pick(r, ['', '', '', ' ', '\n', '\t ']);
  const tail = pick(r, ['', '', '', '', '\n', ' ', 'x', '\u0000']);
  return `{${gap}${list.map(([k, v]) => `${JSON.stringify(k)}${gap}:${gap}${v}${gap}`).join(`,${gap}`)}}${r(3) > 0 ? '' : tail}`;
}

const STRANGE = [null, '', '[]', '{}', '\ufeff{}', '{"type":1}', '"x"', '12', 'null'].map((s) =>
  s === null ? null : Buffer.from(s),
);

function anyRecord(r: Random, spec: TopicSpec, offset: number): LogRecord {
  const headers = pick<Record<string, string>>(r, [
    {},
    {},
    { workspace: 'demo' },
    { workspace: 'bad name!' },
    { trace: 'x' },
  ]);
  const dice = r(60);
  if (dice === 0) return record(offset, pick(r, STRANGE), headers);
  let bytes = Buffer.from(eventText(r, spec));
  if (dice === 1) bytes[r(bytes.length)] = r(256);
  if (dice === 2) bytes = bytes.subarray(0, r(bytes.length));
  if (dice === 3) bytes = Buffer.concat([bytes, bytes]);
  return record(offset, bytes, headers);
}

it.each(specs.map((s) => [`${s.topic}${s.workspace === undefined ? '' : ' with a workspace'}`, s] as const))(
  'judges and counts arbitrary records alike: %s',
  (_, spec) => {
    const totals: Record<string, number> = {};
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const r = random(seed);
        const list = Array.from({ length: 1 + r(60) }, (_record, i) => anyRecord(r, spec, i * 2));
        for (const [what, , n] of same(spec, list).counts as [string, string, number][])
          totals[what] = (totals[what] ?? 0) + n;
      }),
      { numRuns: 200, endOnFailure: true },
    );
    // The input is worth something only if it reaches every verdict.
    expect(totals.used).toBeGreaterThan(100);
    expect(totals.dead_letter).toBeGreaterThan(200);
    expect(totals.duplicate).toBeGreaterThan(0);
  },
);

it('the control: a scanner without its bounds would be caught by the same comparison', () => {
  const def = events[0]!;
  const layout = layoutOf(def);
  const lax = new Scanner({
    ...layout,
    fields: layout.fields.map((f) => ({ ...f, maximum: Infinity, minimum: -Infinity, accepts: () => true })),
  });
  const bad = json({ ...(def.example as object), latency_ms: -5 });
  expect(lax.scan(bad, 0, bad.length)).toBe(true);
  expect(new Scanner(layout).scan(bad, 0, bad.length)).toBe(false);
});

it('keeps its memory bounded by starting over when too many distinct values have been seen', () => {
  const def = events[0]!;
  const spec: TopicSpec = { topic: def.type, encoding: 'event_json', type: def.type };
  const example = { ...(def.example as Record<string, unknown>), time: AT - 1000 };
  const field = layoutOf(def).fields.find((f) => f.kind === 'word' && f.required && f.name !== 'workspace')!.name;
  for (let round = 0; round < 4; round++)
    same(
      spec,
      Array.from({ length: 3000 }, (_, i) =>
        record(i, json({ ...example, event_id: `${round}-${i}`, [field]: `v${round}-${i}` })),
      ),
    );
});
