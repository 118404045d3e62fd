/**
 * A dashboard's JSON from here works in a Grafana that has nothing of ours but the plugins: another datasource uid, another
 * workspace. Each file of dashboards/ is imported as a person would, and every panel queries without an error.
 */
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, BrowserContext } from 'playwright-core';
import { startGrafana, type RunningGrafana } from '../../processor/src/cli/grafana';
import { launchBrowser, missingBrowser, openDashboard } from './browser';
import { ROOT, freePorts, missingGrafana, startStack, until, type Stack } from './stack';

const WORKSPACE = 'another-team';
const UID = 'quite-another-uid';
const ADMIN = 'only-for-this-test';
const files = readdirSync(join(ROOT, 'dashboards')).filter((f) => f.endsWith('.json'));
const dashboardOf = (file: string): { uid: string; title: string } =>
  JSON.parse(readFileSync(join(ROOT, 'dashboards', file), 'utf8')) as { uid: string; title: string };

const missing = missingBrowser() ?? missingGrafana();
if (missing !== undefined) process.stderr.write(`\n*** SKIPPED: dashboards in another Grafana: ${missing}\n\n`);
const suite = missing === undefined ? describe : describe.skip;
const headers = {
  authorization: `Basic ${Buffer.from(`admin:${ADMIN}`).toString('base64')}`,
  'content-type': 'application/json',
};

let stack: Stack;
let grafana: RunningGrafana;
let browser: Browser;
let context: BrowserContext;

async function send<T>(path: string, body: object): Promise<T> {
  const response = await fetch(`${grafana.url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as T;
}

beforeAll(async () => {
  if (missing !== undefined) return;
  stack = await startStack(['--workspace', WORKSPACE, '--no-grafana']);
  const folder = join(stack.folder, 'other');
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
    adminPassword: ADMIN,
    access: 'login',
    log: quiet,
  });
  const { reader, readerPassword } = stack.credentials.clickhouse;
  await send('/api/datasources', {
    name: 'Analytics of another team',
    uid: UID,
    type: 'shadower-analytics-datasource',
    access: 'proxy',
    url: stack.clickhouseUrl,
    user: reader,
    jsonData: { user: reader, workspace: WORKSPACE },
    secureJsonData: { password: readerPassword },
  });
  await until('data of the workspace', 200_000, async () => {
    const response = await fetch(`${grafana.url}/api/datasources/uid/${UID}/health`, { headers });
    return response.ok ? true : undefined;
  });
  browser = await launchBrowser();
  context = await browser.newContext({ extraHTTPHeaders: { authorization: headers.authorization } });
}, 900_000);
afterAll(async () => {
  await browser?.close();
  await grafana?.stop();
  await stack?.stop();
});

suite('in a fresh Grafana, with another datasource uid and workspace', () => {
  it.each(files)('%s: every panel queries without an error', async (file) => {
    const dashboard = dashboardOf(file);
    await send('/api/dashboards/import', { dashboard, overwrite: true, inputs: [], folderUid: '' });
    const page = await context.newPage();
    const url = `${grafana.url}/d/${dashboard.uid}?from=now-1h&to=now&refresh=`;
    const shown = await openDashboard(page, url, `imported-${dashboard.uid}`).finally(() => page.close());
    expect(shown.failures).toEqual([]);
    expect(shown.thrown).toEqual([]);
    expect(shown.panels.filter((p) => p.error).map((p) => p.title)).toEqual([]);
    // If nothing were asked, nothing could fail.
    expect(shown.queries).toBeGreaterThan(0);
    expect(shown.panels.some((p) => !p.empty)).toBe(true);
  });
});
