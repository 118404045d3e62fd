// @ts-check
/* global PointerEvent, MouseEvent, WheelEvent, requestAnimationFrame */
/** A page of the machine's Chromium, and what can be measured in it. */
import { quantile, round } from '../report.mjs';

/** @typedef {import('playwright-core').Page} Page */

/** What a page's memory is, MiB of JavaScript heap after a collection. */
export async function heapMb(/** @type {Page} */ page) {
  const session = await page.context().newCDPSession(page);
  await session.send('HeapProfiler.collectGarbage');
  const { usedSize } = await session.send('Runtime.getHeapUsage');
  await session.detach();
  return round(usedSize / 2 ** 20, 1);
}

/** The longest time in ms between two frames that still counts as fluent: 50 frames a second. */
const FLUENT = 20;

/**
 * Pans and zooms for some seconds and counts frames. The moves are pointer and wheel events on `target`, two a frame at most
 * as from a mouse. `busy` is what the page's main thread works for a frame: what is left of the frames' time on a busy machine.
 * @param {Page} page
 * @param {string} target selector of what is dragged
 * @param {number} seconds
 * @param {'pan' | 'zoom'} move
 */
export async function frames(page, target, seconds, move) {
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable');
  const busy = async () => {
    const { metrics } = await session.send('Performance.getMetrics');
    return (metrics.find((metric) => metric.name === 'TaskDuration')?.value ?? NaN) * 1000;
  };
  const before = await busy();
  const gaps = await page.evaluate(
    ({ target, seconds, move }) =>
      new Promise((/** @type {(gaps: number[]) => void} */ resolve, reject) => {
        const element = document.querySelector(target);
        if (element === null) {
          reject(new Error(`nothing to move: no ${target}`));
          return;
        }
        const box = element.getBoundingClientRect();
        const [x, y] = [box.left + box.width / 2, box.top + box.height - 12];
        const fire = (/** @type {string} */ type, /** @type {number} */ dx, /** @type {number} */ dy) => {
          const at = { clientX: x + dx, clientY: y + dy, bubbles: true, cancelable: true };
          const pointer = { ...at, pointerId: 1, pointerType: 'mouse', button: 0, buttons: 1, isPrimary: true };
          element.dispatchEvent(new PointerEvent(`pointer${type}`, pointer));
          element.dispatchEvent(new MouseEvent(`mouse${type}`, { ...at, button: 0, buttons: 1 }));
        };
        /** @type {number[]} */
        const gaps = [];
        let last = 0;
        let start = 0;
        if (move === 'pan') fire('down', 0, 0);
        const step = (/** @type {number} */ now) => {
          if (start === 0) start = now;
          else gaps.push(now - last);
          last = now;
          const t = (now - start) / 1000;
          if (t > seconds) {
            if (move === 'pan') fire('up', 0, 0);
            resolve(gaps);
            return;
          }
          if (move === 'pan') fire('move', 180 * Math.sin(t * 2.5), 90 * Math.sin(t * 1.7));
          else
            element.dispatchEvent(
              new WheelEvent('wheel', {
                deltaY: -14 * Math.cos(t * 2),
                ctrlKey: true,
                clientX: x,
                clientY: box.top + box.height / 2,
                bubbles: true,
                cancelable: true,
              }),
            );
          requestAnimationFrame(step);
        };
        requestAnimationFrame(step);
      }),
    { target, seconds, move },
  );
  const after = await busy();
  await session.detach();
  const total = gaps.reduce((sum, gap) => sum + gap, 0);
  return {
    fps: round((gaps.length * 1000) / total, 1),
    slowestMs: round(quantile(gaps, 0.99), 1),
    fluent: round(gaps.filter((gap) => gap <= FLUENT).length / gaps.length, 3),
    busyMs: round((after - before) / gaps.length, 2),
  };
}
