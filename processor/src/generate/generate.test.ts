import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parse } from 'yaml';
import { allTables } from '../catalog/tables';
import { buildViews } from '../catalog/views';
import { domains } from '../domains';
import { domain, event, field, rollup, type Domain } from '../domains/define';
import { driftOf, generateFiles, writeFiles } from './files';
import { DATASOURCE_TYPE, DATASOURCE_UID } from './names';

const ROOT = resolve(__dirname, '../../..');

interface Target {
  datasource: { type: string; uid: string };
  query: string;
  params?: Record<string, string[]>;
}
interface PanelJson {
  id: number;
  type: string;
  title: string;
  gridPos: { x: number; y: number; w: number; h: number };
  targets?: Target[];
  datasource?: { uid: string };
}
interface DashboardJson {
  id?: number;
  uid: string;
  panels: PanelJson[];
  templating: { list: { type: string; name: string; query: unknown }[] };
}
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

/** A whole domain in one object: what "adding queue analytics" takes. */
function queueDomain(): Domain {
  const message = event({
    type: 'queue.message',
    title: 'Message',
    description: 'One message taken from a queue.',
    privacy: 'operational',
    rawRetentionDays: 3,
    fields: {
      queue: field.name('Queue'),
      wait_ms: field.number('Time the message waited', 'ms'),
    },
    example: {
      type: 'queue.message',
      time: '2026-11-21T12:00:00.000Z',
      workspace: 'demo',
      queue: 'orders',
      wait_ms: 12,
    },
  });
  const messages = rollup(message, {
    name: 'queue_messages',
    title: 'Messages per queue',
    dimensions: { queue: { value: (e) => e.queue, description: 'Queue' } },
    measures: {
      messages: { kind: 'count', value: () => 1, unit: 'short', description: 'Messages' },
      wait: { kind: 'histogram', value: (e) => e.wait_ms, unit: 'ms', description: 'Time waited' },
    },
  });
  return domain({
    name: 'queue',
    title: 'Queues',
    description: 'Message queues.',
    events: [message] as never,
    rollups: [messages],
    queries: [
      {
        name: 'queue_names',
        kind: 'values',
        title: 'Queues',
        description: 'Names of queues.',
        cache: 'systemMetrics',
        rollup: 'queue_messages',
        parts: {
          main: {
            columns: { value: { type: 'string', description: 'Queue' } },
            sql: (s) =>
              `SELECT DISTINCT queue AS value FROM ${s.table('queue_messages')} WHERE ${s.scope} ORDER BY value`,
          },
        },
      },
      {
        name: 'queue_messages',
        kind: 'timeseries',
        title: 'Messages over time',
        description: 'Messages and waiting time per queue.',
        cache: 'systemMetrics',
        rollup: 'queue_messages',
        params: { queue: { type: 'string[]', description: 'Queues', values: 'queue_names' } },
        parts: {
          main: {
            columns: {
              time: { type: 'time', description: 'Start of the step' },
              queue: { type: 'string', role: 'dimension', description: 'Queue' },
              messages: { type: 'number', role: 'measure', unit: 'short', description: 'Messages' },
              p95_ms: { type: 'number', role: 'measure', unit: 'ms', description: 'p95 of the time waited' },
            },
            sql: (s) =>
              `SELECT ${s.bucket} AS time, queue, sum(messages) AS messages, ${s.quantile(0.95, 'sumMap(wait_hist)')} AS p95_ms FROM ${s.table('queue_messages')} WHERE ${s.scope} AND ${s.filter('queue')} GROUP BY time, queue ORDER BY time, queue`,
          },
        },
      },
    ],
    alerts: [
      {
        name: 'queue-wait',
        title: 'Queue waits',
        query: 'queue_messages',
        column: 'p95_ms',
        reduce: 'sum',
        condition: { op: 'gt', value: 500 },
        windowSeconds: 300,
        stepSeconds: 60,
        forSeconds: 0,
        severity: 'warning',
        summary: '{{ $labels.queue }} waits',
        runbook: 'Look at the consumers.',
        dashboard: 'queues',
      },
    ],
    dashboards: [
      {
        name: 'queues',
        title: 'Queues',
        description: 'Where messages wait.',
        tags: ['queue'],
        variables: [{ name: 'queue', label: 'Queue', query: 'queue_names' }],
        rows: [
          {
            title: 'Waiting',
            panels: [
              {
                title: 'Waiting time, p95',
                description: 'Per queue.',
                kind: 'timeseries',
                query: 'queue_messages',
                columns: ['p95_ms'],
                params: { queue: ['$queue'] },
                w: 12,
                h: 8,
              },
            ],
          },
        ],
      },
    ],
    routes: [],
  });
}

describe('what is generated', () => {
  let files: Map<string, string>;
  beforeAll(async () => {
    files = await generateFiles(domains);
  });

  it('is what the repository holds', () => {
    const drift = driftOf(ROOT, files).filter((d) => d.kind !== 'unlisted');
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
      const panels = d.panels.filter((p) => p.type !== 'row');
      expect(panels.length).toBeGreaterThan(0);
      for (const p of panels) {
        expect(p.datasource?.uid).toBe('${ds}');
        for (const t of p.targets ?? []) expect(t.datasource).toEqual({ type: DATASOURCE_TYPE, uid: '${ds}' });
      }
      expect(files.get(`plugins/${DATASOURCE_TYPE}/src/${path}`)).toBe(text);
    }
  });

  it('lays panels out without overlap, inside the grid, with ids of their own', () => {
    for (const [path, text] of files) {
      if (!path.startsWith('dashboards/')) continue;
      const { panels } = JSON.parse(text) as DashboardJson;
      expect(new Set(panels.map((p) => p.id)).size).toBe(panels.length);
      const taken = new Set<string>();
      for (const { gridPos: g, title } of panels) {
        expect(g.x + g.w).toBeLessThanOrEqual(24);
        for (let x = g.x; x < g.x + g.w; x++)
          for (let y = g.y; y < g.y + g.h; y++) {
            expect([title, taken.has(`${x}/${y}`)]).toEqual([title, false]);
            taken.add(`${x}/${y}`);
          }
      }
    }
  });

  it('has alert rules that link to a panel which shows the same query, and never turn unknown into 0', () => {
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
        const panel = dashboards.get(uid)?.panels.find((p) => p.id === Number(rule.annotations.__panelId__));
        expect(panel?.targets?.[0]?.query).toBe(a!.model.query);
      }
    }
  });
});

describe('drift', () => {
  it('is named with a hint and mended by writing', async () => {
    const root = mkdtempSync(join(tmpdir(), 'generate-'));
    try {
      const wanted = await generateFiles([queueDomain()]);
      expect(driftOf(root, wanted).every((d) => d.kind === 'missing')).toBe(true);
      writeFiles(root, wanted);
      expect(driftOf(root, wanted)).toEqual([]);

      const dashboard = join(root, 'dashboards/queues.json');
      writeFileSync(dashboard, readFileSync(dashboard, 'utf8').replace('"30s"', '"5s"'));
      writeFileSync(join(root, 'dashboards/left-over.json'), '{}');
      writeFileSync(join(root, 'provisioning/alerting/contact-points.yaml'), 'apiVersion: 1\n');
      rmSync(join(root, 'docs/reference/queue.md'));
      const drift = driftOf(root, wanted);
      expect(drift.map((d) => [d.kind, d.path])).toEqual([
        ['differs', 'dashboards/queues.json'],
        ['missing', 'docs/reference/queue.md'],
        ['extra', 'dashboards/left-over.json'],
      ]);
      expect(drift[0]!.hint).toMatch(/has ""refresh": "5s",", wants ""refresh": "30s",/);

      writeFiles(root, wanted);
      expect(driftOf(root, wanted)).toEqual([]);
      expect(readFileSync(join(root, 'provisioning/alerting/contact-points.yaml'), 'utf8')).toBe('apiVersion: 1\n');
    } finally {
      rmSync(root, { recursive: true });
    }
  });

  it('is told of a dashboard that the plugin does not include', async () => {
    const root = mkdtempSync(join(tmpdir(), 'generate-'));
    try {
      const wanted = await generateFiles([queueDomain()]);
      const plugin = join(root, `plugins/${DATASOURCE_TYPE}/src/plugin.json`);
      mkdirSync(dirname(plugin), { recursive: true });
      writeFileSync(plugin, JSON.stringify({ includes: [{ type: 'dashboard', path: 'dashboards/gone.json' }] }));
      writeFiles(root, wanted);
      expect(driftOf(root, wanted).map((d) => d.hint)).toEqual([
        'includes has no entry for dashboards/queues.json',
        'includes lists dashboards/gone.json, which is not generated',
      ]);
    } finally {
      rmSync(root, { recursive: true });
    }
  });
});

describe('a new domain', () => {
  const queue = queueDomain();
  const both = [...domains, queue];

  it('brings its tables, views and catalog entries', () => {
    const tables = allTables(both).map((t) => t.name);
    expect(tables).toEqual(
      expect.arrayContaining(['raw_queue_message', 'queue_messages_1m', 'queue_messages_1h', 'queue_messages_1d']),
    );
    const { views, catalog } = buildViews(both, 'shadower');
    expect(views.map((v) => v.name)).toEqual(
      expect.arrayContaining(['queue_names__main__1h', 'queue_messages__main__1m', 'queue_messages__main__1d']),
    );
    expect(catalog.domains.map((d) => d.name)).toEqual(both.map((d) => d.name));
    expect(catalog.queries.find((q) => q.name === 'queue_messages')?.parts[0]?.args.sort()).toEqual(
      ['workspace', 'from', 'to', 'step', 'queue'].sort(),
    );
  });

  it('brings its dashboard, alert rules and reference docs, and leaves the others as they are', async () => {
    const before = await generateFiles(domains);
    const after = await generateFiles(both);
    for (const [path, text] of before) expect([path, after.get(path)]).toEqual([path, text]);
    expect([...after.keys()].filter((p) => !before.has(p))).toEqual([
      'dashboards/queues.json',
      'docs/reference/event-schemas/queue.message.json',
      'docs/reference/queue.md',
      `plugins/${DATASOURCE_TYPE}/src/dashboards/queues.json`,
      'provisioning/alerting/queue.yaml',
    ]);

    const dashboard = JSON.parse(after.get('dashboards/queues.json')!) as DashboardJson;
    expect(dashboard.uid).toBe('shadower-queues');
    expect(dashboard.templating.list.map((v) => v.name)).toEqual(['ds', 'queue']);
    expect(dashboard.panels[1]!.targets![0]).toMatchObject({ query: 'queue_messages', params: { queue: ['$queue'] } });

    const [rule] = rulesOf(after.get('provisioning/alerting/queue.yaml')!);
    expect(rule).toMatchObject({
      uid: 'shadower-queue-wait',
      condition: 'C',
      noDataState: 'NoData',
      annotations: {
        summary:
          '{{ if $values.B }}{{ $labels.queue }} waits{{ else }}Queue waits: unknown, there are no data{{ end }}',
        __dashboardUid__: 'shadower-queues',
        __panelId__: '2',
      },
      labels: { severity: 'warning', domain: 'queue', rule: 'queue-wait' },
    });
    expect(rule!.data[1]!.model.settings).toEqual({ mode: '' });

    const doc = after.get('docs/reference/queue.md')!;
    for (const part of ['queue.message', 'queue_messages_1m', 'queue_names', 'Look at the consumers.', '"wait_ms": 12'])
      expect(doc).toContain(part);
  });

  it('is refused when a panel or an alert rule names what the catalog does not have', async () => {
    const panel = queue.dashboards[0]!.rows[0]!.panels[0]!;
    const withPanel = (p: Partial<typeof panel>): Domain => ({
      ...queue,
      dashboards: [{ ...queue.dashboards[0]!, rows: [{ title: 'x', panels: [{ ...panel, ...p }] }] }],
    });
    await expect(generateFiles([withPanel({ query: 'nothing' })])).rejects.toThrow('there is no query nothing');
    await expect(generateFiles([withPanel({ columns: ['nothing'] })])).rejects.toThrow('has no column nothing');
    await expect(generateFiles([withPanel({ params: { queue: ['$x'] } })])).rejects.toThrow('there is no variable $x');
    await expect(generateFiles([withPanel({ kind: 'graph' })])).rejects.toThrow('cannot draw the timeseries query');
    const withAlert = { ...queue, alerts: [{ ...queue.alerts[0]!, column: 'queue' }] };
    await expect(generateFiles([withAlert])).rejects.toThrow('has no measure queue');
    await expect(generateFiles([queue, { ...queueDomain(), name: 'queue2', events: [] }])).rejects.toThrow('two ');
  });
});

/**
 * No file outside `domains/` names a domain. What counts as naming one, so that the English word may still be used: the
 * name as the beginning of an identifier, event type or path (`name_`, `name.word`, `domains/name`), or as a whole
 * string in quotes. The panels know kinds of entity, and a kind may be called like a domain: there, a bare string is a
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
            .filter((d) => naming(d.name, path).test(line))
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
