/**
 * The health scorecard panel in a real Grafana, without our datasource: frames come from Grafana's own test data source, as
 * they could come from anybody's. Needs a Grafana (GRAFANA_HOME, PATH or Docker) and a Chromium; without either it skips,
 * loudly.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import AxeBuilder from '@axe-core/playwright';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { startGrafana, type RunningGrafana } from '../../processor/src/cli/grafana';
import { launchBrowser, missingBrowser } from './browser';
import { ROOT, freePorts, missingGrafana } from './stack';

const PANEL = 'shadower-healthscorecard-panel';
const missing = missingBrowser() ?? missingGrafana();
if (missing !== undefined) process.stderr.write(`\n*** SKIPPED: the scorecard in a real Grafana: ${missing}\n\n`);
const suite = missing === undefined ? describe : describe.skip;

type Value = string | number | null;
type Row = Record<string, Value>;

/** A frame as the test data source takes it. */
const frame = (name: string, rows: Row[], times: string[] = []): object => {
  const fields = Object.keys(rows[0]!);
  const type = (field: string): string =>
    times.includes(field) ? 'time' : rows.some((r) => typeof r[field] === 'number') ? 'number' : 'string';
  return {
    schema: { name, fields: fields.map((f) => ({ name: f, type: type(f), typeInfo: { nullable: true } })) },
    data: { values: fields.map((f) => rows.map((r) => r[f] ?? null)) },
  };
};

const NOW = Date.now();
const frames = [
  frame('scores', [
    { entity: 'payments', team: 'Shop', score: 40, status: 'critical', confidence: 1, previous_score: 93 },
    { entity: 'search', team: 'Shop', score: 97, status: 'healthy', confidence: 0.9, previous_score: 96 },
    { entity: 'mail', team: 'Ops', score: null, status: 'unknown', confidence: 0, previous_score: 91 },
  ]),
  frame(
    'terms',
    [
      {
        ...{ entity: 'payments', term: 'errors', title: 'Error rate', weight: 60, value: 0.14, unit: 'percentunit' },
        ...{ target: 0.01, points_lost: 53, previous_points_lost: 7, status: 'bad', since: NOW - 42 * 60_000 },
        ...{ gate: 40, gate_above: 0.1, gate_cap: 40, risk: 'Customers cannot pay', severity: 'critical' },
        ...{ mitigation: 'Roll back', priority: 'high', effort: 'low', evidence: '/explore?of=payments' },
        ...{ evidence_query: null, evidence_column: null, evidence_filter: null },
      },
      {
        ...{ entity: 'search', term: 'errors', title: 'Error rate', weight: 60, value: 0.002, unit: 'percentunit' },
        ...{ target: 0.01, points_lost: 3, previous_points_lost: 4, status: 'warn', since: null },
        ...{ gate: null, gate_above: 0.1, gate_cap: 40, risk: null, severity: null },
        ...{ mitigation: null, priority: null, effort: null, evidence: null },
        ...{ evidence_query: 'calls', evidence_column: 'error_rate', evidence_filter: 'service' },
      },
    ],
    ['since'],
  ),
  frame('exemptions', [{ entity: 'search', term: 'errors', owner: 'Ada', expires: NOW - 86_400_000 }], ['expires']),
];

const VIEWS = ['card', 'grid', 'matrix', 'leaderboard', 'compare'];
const dashboard = {
  uid: 'scorecard-views',
  title: 'Scorecard views',
  schemaVersion: 41,
  time: { from: 'now-6h', to: 'now' },
  panels: [...VIEWS, 'none'].map((view, i) => ({
    id: i + 1,
    type: PANEL,
    title: view,
    gridPos: { x: 0, y: i * 12, w: 24, h: 12 },
    datasource: { type: 'grafana-testdata-datasource', uid: 'testdata' },
    // Options that no version of the panel knows must not keep it from drawing.
    options: { view, sort: 'sideways', exemptions: 'none' },
    // Unit and mapping of the score, as a user overrides them.
    fieldConfig: {
      defaults: {},
      overrides: [{ matcher: { id: 'byName', options: 'score' }, properties: [{ id: 'unit', value: 'percent' }] }],
    },
    targets: [
      {
        refId: 'A',
        scenarioId: 'raw_frame',
        rawFrameContent: JSON.stringify(view === 'none' ? [] : frames),
      },
    ],
  })),
};

suite('the health scorecard in Grafana', () => {
  const folder = missing === undefined ? mkdtempSync(join(tmpdir(), 'shadower-scorecard-')) : '';
  const headers = {
    authorization: `Basic ${Buffer.from('admin:only-for-this-test').toString('base64')}`,
    'content-type': 'application/json',
  };
  let grafana: RunningGrafana;
  let browser: Browser;
  let context: BrowserContext;

  const send = async (method: string, path: string, body: object): Promise<void> => {
    const response = await fetch(`${grafana.url}${path}`, { method, headers, body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  };

  beforeAll(async () => {
    for (const sub of ['datasources', 'dashboards', 'alerting', 'plugins'])
      mkdirSync(join(folder, 'provisioning', sub), { recursive: true });
    const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
    grafana = await startGrafana({
      port: await freePorts(),
      dataDir: join(folder, 'grafana'),
      pluginsDir: join(ROOT, 'plugins'),
      provisioningDir: join(folder, 'provisioning'),
      dashboardsDir: join(ROOT, 'dashboards'),
      clickhouse: { url: 'http://unused', user: '', password: '' },
      workspace: '',
      adminPassword: 'only-for-this-test',
      access: 'login',
      log: quiet,
    });
    const testdata = { name: 'TestData', uid: 'testdata', type: 'grafana-testdata-datasource', access: 'proxy' };
    await send('POST', '/api/datasources', testdata);
    await send('POST', '/api/dashboards/db', { dashboard, overwrite: true });
    browser = await launchBrowser();
    context = await browser.newContext({
      extraHTTPHeaders: { authorization: headers.authorization },
      viewport: { width: 1400, height: 2900 },
    });
  });
  afterAll(async () => {
    await browser?.close();
    await grafana?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Opens the dashboard and answers what each panel shows, by title. */
  async function open(picture: string, look: (page: Page, text: Map<string, string>) => Promise<void>): Promise<void> {
    const page = await context.newPage();
    const thrown: string[] = [];
    page.on('pageerror', (e) => thrown.push(e.message));
    try {
      await page.goto(`${grafana.url}/d/scorecard-views`, { waitUntil: 'domcontentloaded' });
      const header = (title: string) => page.locator(`[data-testid="data-testid Panel header ${title}"]`);
      for (const view of VIEWS)
        await header(view).getByText('payments').filter({ visible: true }).first().waitFor({ timeout: 90_000 });
      const text = new Map<string, string>();
      for (const view of [...VIEWS, 'none']) text.set(view, await header(view).innerText());
      mkdirSync(join(ROOT, 'test-results/grafana'), { recursive: true });
      await page.screenshot({ path: join(ROOT, `test-results/grafana/${picture}.png`) });
      await look(page, text);
      expect(thrown).toEqual([]);
    } finally {
      await page.close();
    }
  }

  it('draws every view, with overrides, and axe finds nothing', () =>
    open('scorecard', async (page, text) => {
      const card = text.get('card')!;
      for (const part of [
        ...['40%', 'Critical', '▼ 53', 'Capped at 40 by Error rate', 'What moved it', '▼ 46 points', 'Cap: −7 points'],
        ...['Customers cannot pay', 'Roll back', 'effort: low', 'Evidence', '14.0%', 'Caps the score at 40'],
        ...['Above 10% the score is 40 at most', 'Exemption expired', 'owner: Ada', 'Unknown'],
      ])
        expect(card).toContain(part);
      expect(text.get('matrix')).toContain('−53');
      expect(text.get('leaderboard')).toMatch(/1\s*(↑1|up 1 place)?[\s\S]*search/);
      expect(text.get('compare')).toContain('Swap');
      // A query without rows is no reason to show invented numbers.
      expect(text.get('none')).toContain('No data');
      expect(text.get('none')).not.toContain('payments');
      const link = page.getByRole('link', { name: 'Evidence: payments, Error rate' }).first();
      expect(await link.getAttribute('href')).toBe('/explore?of=payments');
      const query = page.getByRole('link', { name: 'Evidence: search, Error rate' }).first();
      const explore = new URL((await query.getAttribute('href'))!, grafana.url);
      expect([explore.pathname, JSON.parse(explore.searchParams.get('panes')!)]).toMatchObject([
        '/explore',
        { evidence: { datasource: 'testdata', queries: [{ query: 'calls', params: { service: ['search'] } }] } },
      ]);
      const panels = '[data-testid="data-testid panel content"]';
      const { violations } = await new AxeBuilder({ page }).include(panels).analyze();
      expect(violations.map((v) => [v.id, v.nodes.map((n) => n.html.slice(0, 200))])).toEqual([]);
    }));

  it('speaks the language of the user', async () => {
    await send('PUT', '/api/user/preferences', { language: 'de-DE' });
    await open('scorecard-german', async (_page, text) => {
      expect(text.get('card')).toContain('Auf 40 begrenzt durch Error rate');
      expect(text.get('none')).toContain('Keine Daten');
    });
    await send('PUT', '/api/user/preferences', { language: 'en-US' });
  });
});
