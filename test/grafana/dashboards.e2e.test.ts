/**
 * Every dashboard in a real Grafana over real data: no panel shows an error, none is empty, variables filter, and alert rules
 * are judged. That they work in another Grafana is in portability.e2e.test.ts.
 *
 * Needs a Grafana (GRAFANA_HOME, PATH or Docker) and a Chromium (CHROMIUM_PATH or installed). Without either it skips, loudly.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { launchBrowser, missingBrowser, openDashboard, type Shown } from './browser';
import { ROOT, missingGrafana, startStack, until, type Stack } from './stack';

interface DashboardJson {
  uid: string;
  title: string;
  panels: { type: string; title: string }[];
}
const dashboards = readdirSync(join(ROOT, 'dashboards')).map(
  (file) => JSON.parse(readFileSync(join(ROOT, 'dashboards', file), 'utf8')) as DashboardJson,
);
/** Panels that have nothing to show while all goes well, or before the first scheduled reconciliation. */
const MAY_BE_EMPTY = new Set(['Dead letters', 'Late events', 'Reconciliation', 'Differences found']);

const missing = missingBrowser() ?? missingGrafana();
if (missing !== undefined) process.stderr.write(`\n*** SKIPPED: tests in a real Grafana: ${missing}\n\n`);
const suite = missing === undefined ? describe : describe.skip;

let stack: Stack;
let browser: Browser;

beforeAll(async () => {
  if (missing !== undefined) return;
  browser = await launchBrowser();
  stack = await startStack();
  // The generator fills in two hours; what was taken in is counted in the minute it came, shown once that is over.
  await until('history', 200_000, async () => {
    const seen = await Promise.all([
      series(stack.grafanaUrl, 'integration_calls', 'calls'),
      series(stack.grafanaUrl, 'intake_outcomes', 'items'),
      series(stack.grafanaUrl, 'intake_freshness', 'behind_seconds'),
    ]);
    return seen.every((n) => n > 0) ? true : undefined;
  });
});
afterAll(async () => {
  if (missing !== undefined) return;
  await browser?.close();
  await stack?.stop();
});

/** How many series a query gives for the hour up to the last full minute. */
async function series(url: string, query: string, column: string): Promise<number> {
  const datasource = { uid: 'shadower-analytics' };
  const model = { schemaVersion: 1, query, columns: [column], intervalMs: 60_000, maxDataPoints: 500 };
  const response = await fetch(`${url}/api/ds/query`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ from: 'now-1h', to: 'now-1m', queries: [{ refId: 'A', datasource, ...model }] }),
  });
  const body = (await response.json()) as { results?: { A?: { frames?: { schema: { fields: object[] } }[] } } };
  if (!response.ok) throw new Error(`${response.status} ${JSON.stringify(body).slice(0, 500)}`);
  return (body.results?.A?.frames ?? []).filter((f) => f.schema.fields.length > 1).length;
}

function expectSound(d: DashboardJson, shown: Shown): void {
  expect(shown.failures).toEqual([]);
  expect(shown.thrown).toEqual([]);
  const wanted = d.panels.filter((p) => p.type !== 'row').map((p) => p.title);
  expect(
    shown.panels
      .map((p) => p.title)
      .filter((t) => wanted.includes(t))
      .sort(),
  ).toEqual([...wanted].sort());
  for (const p of shown.panels.filter((x) => wanted.includes(x.title)))
    expect([p.title, { error: p.error, empty: p.empty && !MAY_BE_EMPTY.has(p.title) }]).toEqual([
      p.title,
      { error: false, empty: false },
    ]);
}

async function open(url: string, picture: string): Promise<Shown> {
  const page = await browser.newPage();
  try {
    return await openDashboard(page, url, picture);
  } finally {
    await page.close();
  }
}

suite('provisioned dashboards', () => {
  it.each(dashboards.map((d) => [d.title, d] as const))('%s: every panel shows data', async (_title, d) => {
    expectSound(d, await open(`${stack.grafanaUrl}/d/${d.uid}?from=now-1h&to=now&refresh=`, d.uid));
  });

  it('a variable filters every panel', async () => {
    const shown = await open(
      `${stack.grafanaUrl}/d/shadower-integrations?from=now-1h&to=now&refresh=&var-integration=payments-eu`,
      'one-integration',
    );
    expect(shown.failures).toEqual([]);
    const text = (title: string): string => shown.panels.find((p) => p.title === title)!.text;
    for (const title of ['Failure share', 'Endpoints', 'Health by integration']) {
      expect([title, text(title)]).toEqual([title, expect.stringContaining('payments-eu')]);
      expect([title, text(title)]).toEqual([title, expect.not.stringContaining('shipping')]);
    }
  });

  it('opens the overview first', async () => {
    const page = await browser.newPage();
    await page.goto(stack.grafanaUrl);
    await page.getByText('Health by integration').first().waitFor({ timeout: 60_000 });
    await page.close();
  });
});

suite('provisioned alert rules', () => {
  it('are judged without an error', async () => {
    interface Rule {
      name: string;
      health: string;
      lastError?: string;
      lastEvaluation: string;
    }
    const authorization = `Basic ${Buffer.from(`admin:${stack.credentials.grafanaAdminPassword}`).toString('base64')}`;
    const rules = await until('evaluation of the rules', 180_000, async () => {
      const response = await fetch(`${stack.grafanaUrl}/api/prometheus/grafana/api/v1/rules`, {
        headers: { authorization },
      });
      const body = (await response.json()) as { data: { groups: { rules: Rule[] }[] } };
      const all = body.data.groups.flatMap((g) => g.rules);
      return all.length > 0 && all.every((r) => !r.lastEvaluation.startsWith('0001')) ? all : undefined;
    });
    for (const r of rules)
      expect([r.name, r.lastError ?? '', r.health]).toEqual([r.name, '', expect.stringMatching(/^(ok|nodata)$/)]);
  });
});

suite('an incident', () => {
  const NAME = 'incident-of-the-test';

  /** Two calls a second over [from, to), as a producer would send them. */
  async function calls(from: number, to: number, latencyMs: number): Promise<void> {
    const events = [];
    for (let time = from; time < to; time += 500)
      events.push({
        type: 'integration.api_call',
        event_id: `${NAME}-${time}`,
        time,
        workspace: 'demo',
        integration: NAME,
        caller: 'test',
        endpoint: '/slow',
        status_code: 200,
        latency_ms: latencyMs,
      });
    if (events.length === 0) return;
    const response = await fetch(`${stack.apiUrl}/v1/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-api-key': stack.credentials.apiKey },
      body: JSON.stringify(events),
    });
    if (response.status !== 202) throw new Error(`${response.status} ${await response.text()}`);
  }

  async function stateOf(integration: string): Promise<string | undefined> {
    const authorization = `Basic ${Buffer.from(`admin:${stack.credentials.grafanaAdminPassword}`).toString('base64')}`;
    const response = await fetch(`${stack.grafanaUrl}/api/prometheus/grafana/api/v1/rules`, {
      headers: { authorization },
    });
    const body = (await response.json()) as {
      data: { groups: { rules: { name: string; alerts?: { state: string; labels: Record<string, string> }[] }[] }[] };
    };
    const rule = body.data.groups.flatMap((g) => g.rules).find((r) => r.name === 'Integration slow');
    return rule?.alerts?.find((a) => a.labels.integration === integration)?.state;
  }

  it('takes the alert rule to Alerting, and its end back to Normal', async () => {
    let sent = Date.now() - 6 * 60_000;
    let latencyMs = 5000;
    // Goes on sending, so that the newest minutes are the incident's until it ends.
    const goOn = async (): Promise<void> => {
      const now = Date.now();
      await calls(sent, now, latencyMs);
      sent = now;
    };
    await goOn();
    await until('the rule to fire', 240_000, async () => {
      await goOn();
      return (await stateOf(NAME)) === 'Alerting' ? true : undefined;
    });
    // Only the integration that is slow fires.
    expect(await stateOf('chat')).toBe('Normal');
    latencyMs = 20;
    await until('the rule to resolve', 300_000, async () => {
      await goOn();
      return (await stateOf(NAME)) === 'Normal' ? true : undefined;
    });
  }, 600_000);
});

suite('Grafana', () => {
  it('has nothing to say against plugins and provisioning', () => {
    const log = readFileSync(join(stack.folder, 'data/grafana/log/grafana.log'), 'utf8');
    const said = log
      .split('\n')
      // A page that is left cancels its queries, which the plugin SDK logs; failed queries are looked for above.
      .filter((l) => !l.includes('Partial data response error'))
      .filter((l) => /level=error/.test(l) && /provisioning|plugin|shadower|alerting|ngalert/.test(l));
    expect(said).toEqual([]);
  });
});
