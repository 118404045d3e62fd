/** Classes, blast radius and origins, in a real ClickHouse, against a breadth-first search over the same edges. */
import { domains } from '../..';
import type { ClickHouse } from '../../../clickhouse/client';
import { migrate } from '../../../clickhouse/migrate';
import { feed, runQuery, startEngine, type TestEngine } from '../../../clickhouse/testing/engine';
import { seeded } from '../../../cli/demo';

type Row = Record<string, unknown>;
interface Edge {
  from: string;
  to: string;
  seen: boolean;
  declared: boolean;
  criticality?: number;
  type?: string;
}

const DAY = 86_400_000;
const TO = Date.UTC(2026, 5, 20, 12);
const FROM = TO - DAY;
const edges: Edge[] = [];
let engine: TestEngine;
let ch: ClickHouse;

const add = (from: string, to: string, more: Partial<Edge> = {}): void =>
  void edges.push({ from, to, seen: true, declared: false, ...more });

beforeAll(async () => {
  // Six, three and two dependents; one that depends on six.
  for (let i = 0; i < 6; i++)
    add(`c${i}`, 'hub', i < 2 ? { declared: true, criticality: i + 2, type: i === 0 ? 'payment' : 'auth' } : {});
  for (let i = 0; i < 3; i++) add(`i${i}`, 'three', { seen: i > 0, declared: i === 0, type: 'data' });
  for (let i = 0; i < 2; i++) add(`n${i}`, 'two');
  for (let i = 0; i < 6; i++) add('needy', `d${i}`);
  // A chain of twenty, a circle of three with a tail, and two ways of different length.
  for (let i = 0; i < 20; i++) add(`chain${i}`, `chain${i + 1}`);
  add('x', 'y');
  add('y', 'z');
  add('z', 'x');
  add('tail', 'x');
  add('top', 'left');
  add('left', 'bottom');
  add('top', 'right');
  add('right', 'middle');
  add('middle', 'bottom');
  add('hub', 'deep');
  const random = seeded(3);
  for (let i = 0; i < 60; i++) {
    const [a, b] = [Math.floor(random() * 15), Math.floor(random() * 15)];
    if (!edges.some((e) => e.from === `r${a}` && e.to === `r${b}`)) add(`r${a}`, `r${b}`);
  }
  engine = await startEngine();
  ch = engine.connect('shadower');
  await migrate(ch, domains);
  const call = (from: string, to: string, time: number, more: Row = {}): Row => ({
    type: 'integration.api_call',
    workspace: 'graph',
    time,
    integration: to,
    kind: 'service',
    caller: from,
    endpoint: '/',
    latency_ms: 1,
    status_code: 200,
    ...more,
  });
  await feed(ch, [
    ...edges
      .filter((e) => e.seen)
      .flatMap((e, i) => [
        call(e.from, e.to, FROM + i * 1000),
        call(e.from, e.to, FROM + i * 1000 + 1, { status_code: 500 }),
      ]),
    ...edges
      .filter((e) => e.declared)
      .map((e) => ({
        type: 'integration.dependency',
        workspace: 'graph',
        time: TO - 60 * DAY,
        source: e.from,
        target: e.to,
        target_kind: 'service',
        dependency_type: e.type ?? 'data',
        ...(e.criticality === undefined ? {} : { criticality: e.criticality }),
      })),
    // Too old, seen only before the range, and of another workspace: none of them counts.
    {
      type: 'integration.dependency',
      workspace: 'graph',
      time: TO - 95 * DAY,
      source: 'old',
      target: 'three',
      target_kind: 'service',
      dependency_type: 'data',
    },
    call('before', 'three', FROM - 1000),
    { ...call('foreign', 'three', FROM), workspace: 'other' },
  ]);
}, 120_000);
afterAll(() => engine?.stop());

const others = (list: string[], self: string): string[] => [...new Set(list)].filter((n) => n !== self);
/** Distance of everything that reaches `cause`, by breadth-first search. */
function dependents(cause: string): Map<string, number> {
  const found = new Map<string, number>();
  let level = [cause];
  for (let hops = 1; hops <= 16 && level.length > 0; hops++) {
    level = [...new Set(edges.filter((e) => e.from !== e.to && level.includes(e.to)).map((e) => e.from))].filter(
      (n) => !found.has(n),
    );
    for (const n of level) found.set(n, hops);
  }
  return found;
}
const run = async (name: string, grain = '1h', more: Row = {}): Promise<Row[]> =>
  (await runQuery(ch, name, grain, { workspace: 'graph', from: FROM, to: TO, ...more })).main!;

it.each(['1m', '1h', '1d'])('classes and blast radius at grain %s', async (grain) => {
  const rows = await run(
    'integration_dependency_classes',
    grain,
    grain === '1d' ? { from: Date.UTC(2026, 5, 19), to: Date.UTC(2026, 5, 21) } : {},
  );
  // The day before the range belongs to a range of whole days.
  const list: Edge[] =
    grain === '1d' ? [...edges, { from: 'before', to: 'three', seen: true, declared: false }] : edges;
  const names = [...new Set(list.filter((e) => e.from !== e.to).flatMap((e) => [e.from, e.to]))].sort();
  expect(rows.map((r) => r.entity).sort()).toEqual(names);
  for (const row of rows) {
    const name = String(row.entity);
    const into = list.filter((e) => e.to === name && e.from !== name);
    const dependsOn = others(
      list.filter((e) => e.from === name).map((e) => e.to),
      name,
    ).length;
    const dependedBy = others(
      into.map((e) => e.from),
      name,
    ).length;
    const all = dependents(name);
    const hit = [...all].filter(([n]) => n !== name);
    if (grain === '1d' && name === 'three') hit.push(['before', 1]);
    const want = {
      depends_on: dependsOn,
      depended_by: dependedBy,
      total: dependsOn + dependedBy,
      classification:
        dependedBy > 5
          ? 'critical_dependency'
          : dependedBy > 2
            ? 'important_dependency'
            : dependsOn > 5
              ? 'highly_dependent'
              : 'normal',
      blast_radius: hit.length,
      farthest: Math.max(0, ...hit.map(([, d]) => d)),
      in_cycle: all.has(name),
      observed_by: others(
        into.filter((e) => e.seen).map((e) => e.from),
        name,
      ).length,
      declared_by: others(
        into.filter((e) => e.declared).map((e) => e.from),
        name,
      ).length,
    };
    const got = Object.fromEntries(
      Object.keys(want).map((k) => [k, typeof row[k] === 'string' && k !== 'classification' ? Number(row[k]) : row[k]]),
    );
    expect([name, got]).toEqual([name, want]);
  }
  const of = (name: string): Row => rows.find((r) => r.entity === name)!;
  expect(of('hub')).toMatchObject({
    classification: 'critical_dependency',
    criticality: 3,
    dependency_types: 'auth, payment',
  });
  expect(of('two')).toMatchObject({ classification: 'normal', criticality: null });
  expect(of('needy').classification).toBe('highly_dependent');
  // A chain is followed for sixteen steps.
  expect(of('chain20')).toMatchObject({ farthest: 16, blast_radius: 16 });
});

it('who is hit, how far away, and through what', async () => {
  const rows = await run('integration_blast_radius', '1h', { entity: ['bottom', 'x', 'hub'] });
  for (const cause of ['bottom', 'x', 'hub']) {
    const want = [...dependents(cause)].filter(([n]) => n !== cause).sort();
    expect(
      rows
        .filter((r) => r.entity === cause)
        .map((r) => [r.dependent, Number(r.hops)])
        .sort(),
    ).toEqual(want);
  }
  const of = (entity: string, dependent: string): Row =>
    rows.find((r) => r.entity === entity && r.dependent === dependent)!;
  expect(of('bottom', 'top')).toMatchObject({ via: 'left', origin: 'observed' });
  expect(of('hub', 'c0')).toMatchObject({ via: 'hub', origin: 'observed and declared', criticality: 2 });
  expect(Number(of('hub', 'c0').calls)).toBe(2);
});

it('declared and observed are told apart', async () => {
  const rows = await run('integration_dependency_edges', '1h', { entity: ['three', 'hub'] });
  const of = (source: string): Row => rows.find((r) => r.source === source)!;
  expect(of('i0')).toMatchObject({ origin: 'declared', dependency_types: 'data', error_rate: null });
  expect(of('i1')).toMatchObject({ origin: 'observed', error_rate: 0.5, criticality: null });
  expect(of('c1')).toMatchObject({ origin: 'observed and declared', criticality: 3 });
  expect(rows.map((r) => r.source)).not.toEqual(expect.arrayContaining(['old']));
  expect(rows.some((r) => ['old', 'before', 'foreign'].includes(String(r.source)))).toBe(false);
});

it('findings: circles', async () => {
  const rows = await run('integration_dependencies_findings');
  const cyclic = [...new Set(edges.flatMap((e) => [e.from, e.to]))].filter((n) => dependents(n).has(n)).sort();
  expect(
    rows
      .filter((r) => r.kind === 'dependency_cycle')
      .map((r) => r.integration)
      .sort(),
  ).toEqual(cyclic);
  expect(rows.filter((r) => r.kind === 'undeclared_critical').map((r) => r.integration)).toEqual(
    [...new Set(edges.map((e) => e.to))].filter(
      (n) =>
        others(
          edges.filter((e) => e.to === n).map((e) => e.from),
          n,
        ).length > 5 && !edges.some((e) => e.to === n && e.declared),
    ),
  );
});

it('nothing depends on nothing', async () => {
  const range = { from: TO + 200 * DAY, to: TO + 201 * DAY };
  for (const name of [
    'integration_dependency_classes',
    'integration_blast_radius',
    'integration_dependency_edges',
    'integration_dependency_names',
  ])
    expect(await run(name, '1h', range)).toEqual([]);
});
