/*
 * Golden pictures: the drawing as SVG, the same painter's as the canvas's, compared letter by letter with the one in
 * golden/. SVG and not pixels, because those differ with the fonts of a machine. `--update` writes them anew: look at them then.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { boutique, broken, compared, grouped, places, plain, shop } from './scenes.mjs';
import { check, choose, drawing, open } from './page.mjs';
import { results } from './runner.mjs';

const folder = path.join(path.dirname(fileURLToPath(import.meta.url)), 'golden');
const update = process.argv.includes('--update');

const SCENES = {
  'shop-dark': { frames: shop(), width: 1000, height: 560 },
  'shop-light': { frames: shop(), width: 1000, height: 560, theme: 'light' },
  'shop-narrow': { frames: shop(), width: 340, height: 420 },
  'shop-force': { frames: shop(), width: 1000, height: 560, options: { layout: 'force' } },
  'shop-radial': { frames: shop(), width: 1000, height: 560, options: { layout: 'radial' } },
  boutique: { frames: boutique(), width: 770, height: 440 },
  plain: { frames: plain(), width: 700, height: 360 },
  broken: { frames: broken(), width: 800, height: 420 },
  grouped: { frames: grouped(), width: 1000, height: 600, options: { layout: 'grouped' } },
  geographic: { frames: places(), width: 900, height: 560, options: { layout: 'geographic' } },
  compared: { frames: compared(), width: 900, height: 480, compare: true },
};

export const tests = Object.entries(SCENES).map(([name, { compare, ...scene }]) => ({
  name: `golden picture: ${name}`,
  run: async (page) => {
    await open(page, scene);
    if (compare) {
      await choose(page, 'Compare with previous period');
    }
    // One element a line, so that a difference can be read.
    const svg = (await drawing(page)).replaceAll('><', '>\n<') + '\n';
    const file = path.join(folder, `${name}.svg`);
    if (update) {
      mkdirSync(folder, { recursive: true });
      writeFileSync(file, svg);
      return;
    }
    check(existsSync(file), `no golden/${name}.svg; run with --update and look at it`);
    if (readFileSync(file, 'utf8') !== svg) {
      const actual = path.join(results, `golden-${name}.svg`);
      writeFileSync(actual, svg);
      throw new Error(`another picture than golden/${name}.svg: see test-results/golden-${name}.svg`);
    }
  },
}));
