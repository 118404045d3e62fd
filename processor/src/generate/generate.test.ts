import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parse } from 'yaml';
import { allTables } from '../catalog/tables';
import { buildViews } from '../catalog/views';
import { domains } from '../domains';
import { edgeFrom, type Domain, type QueryPanelDef } from '../domains/define';
import { WindowPlans, Windows } from '../pipeline/window';
import { driftOf, generateFiles, writeFiles } from './files';
import { DATASOURCE_TYPE, DATASOURCE_UID } from './names';
import { parcelDomain } from './testing/parcel';

const ROOT = resolve(__dirname, '../../..');

interface Target {
  datasource: { type: string; uid: string };
  query: string;
  columns?: string[];
  params?: Record<string, string[]>;
}
interface PanelJson {
  id: number;
  type: string;
  title: string;
  gridPos: { x: number; y: number; w: number; h: number };
  targets?: Target[];
  datasource?: { uid: string };
  description?: string;
  /** Of a collapsed row. */
  panels?: PanelJson[];
}
interface DashboardJson {
  id?: number;
  uid: string;
  panels: PanelJson[];
  description: string;
  templating: { list: { type: string; name: string; query: unknown; description?: string }[] };
}
const panelsOf = (d: DashboardJson): PanelJson[] => d.panels.flatMap((p) => [p, ...(p.panels ?? [])]);
interface RuleJson {
  uid: string;
  title: string;
  condition: string;
  annotations: Record<string, string>;
  labels: Record<string, string>;
  data: { refId: string; datasourceUid: string; model: Record<string, unknown> }[];
}
const rulesOf = (yaml: string): RuleJson[] =>
  (parse(yaml) as { groups: { rules: RuleJson[] }[] }).groups.flatMap((g) => g.rules);

describe('what is generated', () => {
  let files: Map<string, string>;
  beforeAll(async () => {
    files = await generateFiles(domains);
  });

  it('is what the repository holds', () => {
    const drift = driftOf(ROOT, files);
    expect(drift).toEqual([]);
  });

  it('has dashboards that are bound to no Grafana and no datasource', () => {
    const dashboards = [...files].filter(([path]) => path.startsWith('dashboards/'));
    expect(dashboards.length).toBeGreaterThan(0);
    for (const [path, text] of dashboards) {
      const d = JSON.parse(text) as DashboardJson;
      expect(d.id).toBeUndefined();
      expect(text).not.toContain('__inputs');
      expect(text).not.toContain(`"${DATASOURCE_UID}"`);
      expect(d.templating.list[0]).toMatchObject({ type: 'datasource', name: 'ds', query: DATASOURCE_TYPE });
      const panels = panelsOf(d).filter((p) => p.type !== 'row');
      expect(panels.length).toBeGreaterThan(0);
      for (const p of panels.filter((p) => p.type !== 'text')) {
        expect(p.datasource?.uid).toBe('${ds}');
        for (const t of p.targets ?? []) expect(t.datasource).toEqual({ type: DATASOURCE_TYPE, uid: '${ds}' });
      }
      expect(files.get(`plugins/${DATASOURCE_TYPE}/src/${path}`)).toBe(text);
    }
  });

  it('describes every dashboard, panel and variable', () => {
    for (const [path, text] of files) {
      if (!path.startsWith('dashboards/')) continue;
      const d = JSON.parse(text) as DashboardJson;
      const described = [
        d,
        ...panelsOf(d).filter((p) => p.type !== 'row'),
        ...d.templating.list.filter((v) => v.type === 'query'),
      ];
      for (const x of described) expect([path, x, (x.description ?? '') !== '']).toEqual([path, x, true]);
    }
  });

  it('lays panels out without overlap, inside the grid, with ids of their own', () => {
    for (const [path, text] of files) {
      if (!path.startsWith('dashboards/')) continue;
      const d = JSON.parse(text) as DashboardJson;
      const all = panelsOf(d);
      expect(new Set(all.map((p) => p.id)).size).toBe(all.length);
      for (const { gridPos: g } of all) expect(g.x + g.w).toBeLessThanOrEqual(24);
      const taken = new Set<string>();
      for (const { gridPos: g, title } of d.panels) {
        for (let x = g.x; x < g.x + g.w; x++)
          for (let y = g.y; y < g.y + g.h; y++) {
            expect([title, taken.has(`${x}/${y}`)]).toEqual([title, false]);
            taken.add(`${x}/${y}`);
          }
      }
    }
  });

  it('has alert rules that link to the panel declared to show the column, and never turn unknown into 0', () => {
    const dashboards = new Map(
      [...files]
        .filter(([path]) => path.startsWith('dashboards/'))
        .map(([, text]) => JSON.parse(text) as DashboardJson)
        .map((d) => [d.uid, d]),
    );
    for (const [path, text] of files) {
      if (!path.startsWith('provisioning/alerting/')) continue;
      for (const rule of rulesOf(text)) {
        const [a, b] = rule.data;
        expect(a!.datasourceUid).toBe(DATASOURCE_UID);
        expect(b!.model.settings).toEqual({ mode: b!.model.reducer === 'sum' ? '' : 'dropNN' });
        const uid = rule.annotations.__dashboardUid__;
        if (uid === undefined) continue;
        const panel = panelsOf(dashboards.get(uid)!).find((p) => p.id === Number(rule.annotations.__panelId__));
        const declared = domains.flatMap((d) => d.alerts).find((x) => x.name === rule.labels.rule)!;
        expect(a!.model.query).toBe(declared.query);
        expect(panel?.targets?.[0]?.query).toBe(declared.shownBy ?? declared.query);
        // Without a list a panel shows every column of its query.
        const every = buildViews(domains, 'shadower').catalog.queries.find(
          (q) => q.name === panel?.targets?.[0]?.query,
        )!.parts[0]!.columns;
        expect(panel?.targets?.[0]?.columns ?? every.map((c) => c.name)).toContain(declared.column);
      }
    }
  });
});

describe('drift', () => {
  it('is named with a hint and mended by writing', async () => {
    const root = mkdtempSync(join(tmpdir(), 'generate-'));
    try {
      const wanted = await generateFiles([parcelDomain()]);
      expect(driftOf(root, wanted).every((d) => d.kind === 'missing')).toBe(true);
      await writeFiles(root, wanted);
      expect(driftOf(root, wanted)).toEqual([]);

      const dashboard = join(root, 'dashboards/parcels.json');
      writeFileSync(dashboard, readFileSync(dashboard, 'utf8').replace('"30s"', '"5s"'));
      writeFileSync(join(root, 'dashboards/left-over.json'), '{}');
      writeFileSync(join(root, 'provisioning/alerting/contact-points.yaml'), 'apiVersion: 1\n');
      rmSync(join(root, 'docs/reference/parcel.md'));
      const drift = driftOf(root, wanted);
      expect(drift.map((d) => [d.kind, d.path])).toEqual([
        ['differs', 'dashboards/parcels.json'],
        ['missing', 'docs/reference/parcel.md'],
        ['extra', 'dashboards/left-over.json'],
      ]);
      expect(drift[0]!.hint).toMatch(/has ""refresh": "5s",", wants ""refresh": "30s",/);

      await writeFiles(root, wanted);
      expect(driftOf(root, wanted)).toEqual([]);
      expect(readFileSync(join(root, 'provisioning/alerting/contact-points.yaml'), 'utf8')).toBe('apiVersion: 1\n');
    } finally {
      rmSync(root, { recursive: true });
    }
  });

  it('is told of a dashboard that the plugin does not include, and mended by listing it', async () => {
    const root = mkdtempSync(join(tmpdir(), 'generate-'));
    try {
      const wanted = await generateFiles([parcelDomain()]);
      const plugin = join(root, `plugins/${DATASOURCE_TYPE}/src/plugin.json`);
      mkdirSync(dirname(plugin), { recursive: true });
      await writeFiles(root, wanted);
      const page = { type: 'page', path: '/a/b' };
      const written = { id: 'x', includes: [page, { type: 'dashboard', path: 'dashboards/gone.json' }], backend: true };
      writeFileSync(plugin, JSON.stringify(written));
      expect(driftOf(root, wanted).map((d) => d.hint)).toEqual([
        'includes has no entry for dashboards/parcels.json',
        'includes lists dashboards/gone.json, which is not generated',
      ]);

      await writeFiles(root, wanted);
      expect(driftOf(root, wanted)).toEqual([]);
      expect(JSON.parse(readFileSync(plugin, 'utf8'))).toEqual({
        ...written,
        includes: [{ type: 'dashboard', name: 'Parcels', path: 'dashboards/parcels.json' }, page],
      });
    } finally {
      rmSync(root, { recursive: true });
    }
  });
});

describe('a new domain', () => {
  const parcel = parcelDomain();
  const both = [...domains, parcel];

  it('brings its tables, views and catalog entries', () => {
    const tables = allTables(both).map((t) => t.name);
    expect(tables).toEqual(
      expect.arrayContaining([
        'raw_parcel_delivery',
        'parcel_deliveries_1m',
        'parcel_deliveries_1h',
        'parcel_deliveries_1d',
      ]),
    );
    const { views, catalog } = buildViews(both, 'shadower');
    expect(views.map((v) => v.name)).toEqual(
      expect.arrayContaining(['parcel_names__main__1h', 'parcel_deliveries__main__1m', 'parcel_deliveries__main__1d']),
    );
    expect(catalog.domains.map((d) => d.name)).toEqual(both.map((d) => d.name));
    expect(catalog.queries.find((q) => q.name === 'parcel_deliveries')?.parts[0]?.args.sort()).toEqual(
      ['workspace', 'from', 'to', 'step', 'parcel'].sort(),
    );
  });

  it('brings its dashboard, alert rules and reference docs, and leaves the others as they are', async () => {
    const before = await generateFiles(domains);
    const after = await generateFiles(both);
    for (const [path, text] of before) expect([path, after.get(path)]).toEqual([path, text]);
    expect([...after.keys()].filter((p) => !before.has(p))).toEqual([
      'dashboards/parcels.json',
      'docs/reference/event-schemas/parcel.delivery.json',
      'docs/reference/parcel.md',
      `plugins/${DATASOURCE_TYPE}/src/dashboards/parcels.json`,
      'provisioning/alerting/parcel.yaml',
    ]);

    const dashboard = JSON.parse(after.get('dashboards/parcels.json')!) as DashboardJson;
    expect(dashboard.uid).toBe('shadower-parcels');
    expect(dashboard.templating.list.map((v) => v.name)).toEqual(['ds', 'parcel']);
    expect(dashboard.panels[1]!.targets![0]).toMatchObject({
      query: 'parcel_deliveries',
      params: { parcel: ['$parcel'] },
    });

    const [rule] = rulesOf(after.get('provisioning/alerting/parcel.yaml')!);
    expect(rule).toMatchObject({
      uid: 'shadower-parcel-wait',
      condition: 'C',
      noDataState: 'NoData',
      annotations: {
        summary:
          '{{ if $values.B }}{{ $labels.parcel }} waits{{ else }}Parcel waits: unknown, there are no data{{ end }}',
        __dashboardUid__: 'shadower-parcels',
        __panelId__: '2',
      },
      labels: { severity: 'warning', domain: 'parcel', rule: 'parcel-wait' },
    });
    expect(rule!.data[1]!.model.settings).toEqual({ mode: '' });

    const doc = after.get('docs/reference/parcel.md')!;
    for (const part of [
      'parcel.delivery',
      'parcel_deliveries_1m',
      'parcel_names',
      'Look at the carriers.',
      '"wait_ms": 12',
    ])
      expect(doc).toContain(part);
  });

  it('is refused when a query reads a table that nothing declares', () => {
    const query = parcel.queries[0]!;
    const sql = query.parts.main!.sql;
    const reading = (name: string): Domain => ({
      ...parcel,
      queries: [
        { ...query, parts: { main: { ...query.parts.main!, sql: (s) => sql({ ...s, table: () => s.table(name) }) } } },
      ],
    });
    expect(() => buildViews([reading('parcel.delivery')], 'shadower')).not.toThrow();
    expect(() => buildViews([reading('parcel_typo')], 'shadower')).toThrow('there is no table parcel_typo');
  });

  it('may make several edges of one event', () => {
    const [delivery] = parcel.events;
    const edge = (source: string, target: string) =>
      edgeFrom(delivery!, () => ({
        source: { kind: 'place', id: source },
        target: { kind: 'place', id: target },
        relation: 'to',
        origin: 'observed',
        calls: 1,
      }));
    const windows = new Windows(new WindowPlans([{ ...parcel, edges: [edge('a', 'b'), edge('b', 'c')] }]));
    windows.add({ type: 'parcel.delivery', workspace: 'w', time: Date.UTC(2026, 10, 21) });
    const block = windows.blocks(0).find((b) => b.table === 'entity_edges_1m')!;
    const values = (name: string) => block.columns.find((c) => c.name === name)!.values;
    expect([values('source'), values('target'), values('calls')]).toEqual([
      ['a', 'b'],
      ['b', 'c'],
      [1, 1],
    ]);
  });

  it('is refused when a panel or an alert rule names what the catalog does not have', async () => {
    const panel = parcel.dashboards[0]!.rows[0]!.panels[0] as QueryPanelDef;
    const withPanel = (p: Partial<QueryPanelDef>): Domain => ({
      ...parcel,
      dashboards: [{ ...parcel.dashboards[0]!, rows: [{ title: 'x', panels: [{ ...panel, ...p }] }] }],
    });
    await expect(generateFiles([withPanel({ query: 'nothing' })])).rejects.toThrow('there is no query nothing');
    await expect(generateFiles([withPanel({ columns: ['nothing'] })])).rejects.toThrow('has no column nothing');
    await expect(generateFiles([withPanel({ params: { parcel: ['$x'] } })])).rejects.toThrow('there is no variable $x');
    await expect(generateFiles([withPanel({ kind: 'graph' })])).rejects.toThrow('cannot draw the timeseries query');
    const withAlert = { ...parcel, alerts: [{ ...parcel.alerts[0]!, column: 'parcel' }] };
    await expect(generateFiles([withAlert])).rejects.toThrow('has no measure parcel');
    await expect(generateFiles([parcel, { ...parcelDomain(), name: 'parcel2', events: [] }])).rejects.toThrow('two ');
  });
});

/**
 * No file outside `domains/` names a domain. What counts as naming one, so that the English word may still be used: the
 * name as the beginning of an identifier, event type or path (`name_`, `name.word`, `domains/name`), or as a whole
 * string in quotes. Comments are no code. The panels know kinds of entity, and a kind may be called like a domain: there, a bare string is a
 * kind.
 */
describe('code outside domains/', () => {
  const isCode = /\.(ts|tsx|go|js|mjs|cjs)$/;
  const isTest = /(\.(test|spec|contract)\.tsx?|_test\.go)$/;
  const SKIPPED = new Set(['node_modules', 'dist', 'testing', 'testdata', 'fixtures', '__tests__', 'dashboards']);

  function sources(folder: string): string[] {
    return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((f): string[] => {
      const path = `${folder}/${f.name}`;
      if (f.isDirectory()) return SKIPPED.has(f.name) || path === 'processor/src/domains' ? [] : sources(path);
      return isCode.test(f.name) && !isTest.test(f.name) ? [path] : [];
    });
  }
  const isComment = (line: string): boolean => /^\s*(\/\/|\/?\*)/.test(line);
  function naming(name: string, path: string): RegExp {
    const bare = /^plugins\/[^/]*-panel\//.test(path) ? '' : `|['"\`]${name}['"\`]`;
    return new RegExp(`\\b${name}_\\w|\\b${name}\\.[a-z]+_?\\w*['"\`]|domains/${name}\\b${bare}`);
  }

  it('names no domain', () => {
    const plugins = readdirSync(join(ROOT, 'plugins')).flatMap((p) =>
      ['src', 'pkg'].filter((x) => readdirSync(join(ROOT, 'plugins', p)).includes(x)).map((x) => `plugins/${p}/${x}`),
    );
    const found = ['processor/src', ...plugins].flatMap(sources).flatMap((path) =>
      readFileSync(join(ROOT, path), 'utf8')
        .split('\n')
        .flatMap((line, i) =>
          domains
            .filter((d) => !isComment(line) && naming(d.name, path).test(line))
            .map((d) => `${path}:${i + 1} names ${d.name}: ${line.trim()}`),
        ),
    );
    expect(found).toEqual([]);
  });

  it('would be caught naming one, and may use the word', () => {
    const rule = naming('integration', 'processor/src/x.ts');
    for (const line of [
      "query('integration_calls')",
      "type: 'integration.api_call',",
      "if (kind === 'integration') {",
      "import x from '../domains/integration';",
    ])
      expect([line, rule.test(line)]).toEqual([line, true]);
    expect(naming('integration', 'plugins/x-panel/src/shapes.ts').test("case 'integration':")).toBe(false);
    for (const line of ['// Third-party integrations.', 'the integration it belongs to', 'e.integration'])
      expect([line, rule.test(line)]).toEqual([line, false]);
  });
});
