/** A headless Chromium, and what a dashboard in it shows. */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';
import { ROOT } from './stack';

const CANDIDATES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

const executablePath = [process.env.CHROMIUM_PATH ?? '', ...CANDIDATES].find((p) => p !== '' && existsSync(p));

/** Why there is no browser, or undefined. */
export const missingBrowser = (): string | undefined =>
  executablePath === undefined ? 'no Chromium; set CHROMIUM_PATH' : undefined;

/** The browser of this machine: CHROMIUM_PATH, or one of the usual places. */
export const launchBrowser = (): Promise<Browser> =>
  // Chromium's own sandbox does not work for root, as in most containers.
  chromium.launch({ executablePath: executablePath!, args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] });

export interface QueryFailure {
  status: number;
  refId: string;
  error: string;
}
export interface Shown {
  panels: { title: string; error: boolean; empty: boolean; text: string }[];
  /** Answers of `/api/ds/query` that were or held an error. */
  failures: QueryFailure[];
  queries: number;
  /** What the page's own scripts threw. */
  thrown: string[];
}

interface DsAnswer {
  message?: string;
  results?: Record<string, { status?: number; error?: string }>;
}

const PANEL = '[data-testid^="data-testid Panel header"]';
const CONTENT = '[data-testid="data-testid panel content"]';
const DRAWING = 'canvas, svg, table, [role="grid"]';

/** Run in the page: whether every panel shows something and none is loading. */
const ALL_DRAWN = `[...document.querySelectorAll('${CONTENT}')].every((c) => c.innerText.trim() !== '' || c.querySelector('${DRAWING}'))
  && document.querySelector('[aria-label="Panel loading bar"]') === null`;

/** Opens a dashboard high enough that every panel is drawn, waits until all have loaded, and takes a picture. */
export async function openDashboard(page: Page, url: string, picture: string): Promise<Shown> {
  const shown: Shown = { panels: [], failures: [], queries: 0, thrown: [] };
  const reading: Promise<void>[] = [];
  page.on('pageerror', (e) => shown.thrown.push(e.message));
  page.on('response', (response) => {
    if (!response.url().includes('/api/ds/query')) return;
    shown.queries++;
    reading.push(
      response.json().then(
        (body: DsAnswer) => {
          const results = Object.entries(body.results ?? {}).filter(([, r]) => r.error !== undefined);
          for (const [refId, r] of results)
            shown.failures.push({ status: r.status ?? response.status(), refId, error: r.error! });
          if (!response.ok() && results.length === 0)
            shown.failures.push({ status: response.status(), refId: '', error: body.message ?? 'no reason given' });
        },
        // A request that the page itself gave up (a newer one took its place) has no body.
        () => undefined,
      ),
    );
  });
  await page.setViewportSize({ width: 1680, height: 2000 });
  await page.goto(url, { waitUntil: 'domcontentloaded' });
  await page.locator(PANEL).first().waitFor({ timeout: 60_000 });
  await page.waitForLoadState('networkidle', { timeout: 60_000 });
  // Charts and tables are drawn some time after their data came.
  const deadline = Date.now() + 30_000;
  while (Date.now() < deadline && !(await page.evaluate(ALL_DRAWN))) await page.waitForTimeout(250);
  await page.waitForTimeout(500);
  await Promise.all(reading);
  const folder = join(ROOT, 'test-results/grafana');
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${picture}.png`) });

  for (const panel of await page.locator(PANEL).all()) {
    const content = panel.locator(CONTENT);
    const text = await content.innerText();
    const drawn = text.trim() !== '' || (await content.locator(DRAWING).count()) > 0;
    shown.panels.push({
      title: ((await panel.getAttribute('data-testid')) ?? '').replace('data-testid Panel header ', '').trim(),
      error: (await panel.locator('[data-testid="data-testid Panel status error"]').count()) > 0,
      empty: !drawn || /^(No data|An unexpected error)/im.test(text),
      text,
    });
  }
  return shown;
}
