/* What the tests ask the page. */
import path from 'node:path';
import { require, results } from './runner.mjs';

export function expect(actual, wanted, what) {
  if (JSON.stringify(actual) !== JSON.stringify(wanted)) {
    throw new Error(`${what}: expected ${JSON.stringify(wanted)}, got ${JSON.stringify(actual)}`);
  }
}

export function check(condition, what) {
  if (!condition) {
    throw new Error(what);
  }
}

export const nodes = (page) => page.locator('[role=application] [data-id]');
export const node = (page, title) => page.locator(`[role=application] [data-id][aria-label^="${title}"]`);

/** Where nodes are in the drawing, by title. */
export async function positions(page) {
  return nodes(page).evaluateAll((all) =>
    Object.fromEntries(all.map((b) => [b.getAttribute('aria-label').split(',')[0], `${b.style.left} ${b.style.top}`]))
  );
}

export async function middle(page, title) {
  const box = await node(page, title).first().boundingBox();
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
}

export async function drag(page, title, dx, dy) {
  const { x, y } = await middle(page, title);
  await page.mouse.move(x, y);
  await page.mouse.down();
  await page.mouse.move(x + dx / 2, y + dy / 2, { steps: 3 });
  await page.mouse.move(x + dx, y + dy, { steps: 3 });
  await page.mouse.up();
}

/** Pixels per layout unit, and how far the drawing is moved. */
export async function camera(page) {
  return page
    .locator('[role=application] > div')
    .first()
    .evaluate((overlay) => overlay.style.transform);
}

export async function show(page, scene) {
  await page.setViewportSize({ width: scene.width + 20, height: scene.height + 20 });
  await page.evaluate((s) => window.harness.show(s), scene);
}

export async function shot(page, name) {
  // The canvas is painted in the frame after.
  await page.evaluate(() => new Promise((r) => requestAnimationFrame(() => requestAnimationFrame(r))));
  await page.locator('main').screenshot({ path: path.join(results, `${name}.png`) });
}

export async function open(page, scene) {
  await page.goto(page.harnessUrl);
  await page.waitForFunction(() => window.harness !== undefined);
  await show(page, scene);
  if (scene.graph !== false) {
    await nodes(page).first().waitFor({ state: 'attached' });
  }
}

export async function axe(page, what, without = []) {
  await page.addScriptTag({ path: require.resolve('axe-core/axe.min.js') });
  // The page around the panel is the harness's, and Grafana's toolkit answers for its own contrast on hover.
  const found = await page.evaluate(
    (off) => window.axe.run('main', { rules: Object.fromEntries(off.map((rule) => [rule, { enabled: false }])) }),
    ['region', ...without]
  );
  const said = found.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(' ')).join(', ')}`);
  expect(said, [], `axe on ${what}`);
}

/** Opens the toolbar's menu and chooses. */
export async function choose(page, label) {
  await page.getByRole('button', { name: 'More', exact: true }).click();
  await page.getByRole('menuitem', { name: label, exact: true }).click();
}

/** What the panel exports, caught before the browser saves it: a data URL. */
export async function exported(page, format) {
  await page.evaluate(() => {
    window.exported = undefined;
    window.makeUrl ??= URL.createObjectURL;
    URL.createObjectURL = (blob) => {
      const reader = new FileReader();
      reader.onload = () => (window.exported = reader.result);
      reader.readAsDataURL(blob);
      return window.makeUrl.call(URL, blob);
    };
  });
  await choose(page, format);
  await page.waitForFunction(() => window.exported !== undefined);
  return page.evaluate(() => window.exported);
}

/** The drawing as SVG text: the same painter draws it as draws the canvas, so tests can read it. */
export async function drawing(page) {
  const url = await exported(page, 'SVG');
  return Buffer.from(url.slice(url.indexOf(',') + 1), 'base64').toString('utf8');
}

/** What a reader sees: zoom, pixels of titles and rings, shortened titles, and what covers or leaves what. */
export async function legibility(page) {
  const svg = await drawing(page);
  const zoom = await page.evaluate(() => {
    const transform = document.querySelector('[role=application] > div').style.transform;
    return Number(/scale\(([^)]+)\)/.exec(transform)[1]);
  });
  return page.evaluate(
    ([text, k]) => {
      const host = document.createElement('div');
      host.innerHTML = text;
      document.body.append(host);
      const picture = host.querySelector('svg');
      const box = (element) => element.getBoundingClientRect();
      const size = (element) => parseFloat(element.getAttribute('font-size')) * element.getCTM().a * k;
      const texts = [...picture.querySelectorAll('text')].filter((t) => t.textContent.trim() !== '');
      const covered = [];
      texts.forEach((a, i) =>
        texts.slice(i + 1).forEach((b) => {
          const w = Math.min(box(a).right, box(b).right) - Math.max(box(a).left, box(b).left);
          const h = Math.min(box(a).bottom, box(b).bottom) - Math.max(box(a).top, box(b).top);
          if (w > 3 && h > 4) {
            covered.push(`"${a.textContent}" and "${b.textContent}"`);
          }
        })
      );
      const groups = [...picture.querySelectorAll('[data-name^="node "]')];
      const rings = groups.map((g) => {
        const { e, f } = g.getCTM();
        return { name: g.dataset.name.slice(5), x: e, y: f };
      });
      const touching = rings.flatMap((a, i) =>
        rings.slice(i + 1).flatMap((b) => (Math.hypot(a.x - b.x, a.y - b.y) < 54 ? [`${a.name} and ${b.name}`] : []))
      );
      const titles = groups.flatMap((g) => [...g.querySelectorAll('text[paint-order]')]);
      const labels = [...picture.querySelectorAll('[data-name^="label "] text')];
      const frame = box(picture);
      const outside = [...picture.querySelectorAll('path, text')]
        .filter((e) => {
          const b = box(e);
          return b.left < frame.left || b.right > frame.right || b.top < frame.top || b.bottom > frame.bottom;
        })
        .map((e) => e.closest('[data-name]')?.dataset.name);
      // Measured while it is in the page: what is not has no size.
      const font = Math.min(Infinity, ...titles.map(size));
      const labelFont = Math.min(Infinity, ...labels.map(size));
      host.remove();
      return {
        zoom: k,
        covered,
        touching,
        outside,
        font,
        labelFont,
        titles: titles.length,
        edges: picture.querySelectorAll('[data-name^="edge "]').length,
        nodes: groups.length,
      };
    },
    [svg, zoom]
  );
}
