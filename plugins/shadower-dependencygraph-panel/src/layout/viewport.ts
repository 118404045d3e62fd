import type { Size } from './types';

/** Fitting never enlarges beyond this: two nodes need not fill a wall. */
export const MAX_FIT = 1.25;
/** Width to height. Neighbouring classes are about a factor 1.4 apart: at its rim a layout still uses 80 % of what fits best. */
const ASPECTS = [0.5, 0.7, 1, 1.4, 2, 2.8, 4];
/** Pixels². Decides how much room a layout may spend on edge labels. */
const AREAS = [40_000, 95_000, 250_000, 600_000];
/** How far (as a share, on a logarithmic scale) a panel must grow beyond its class before it gets another one. */
const STICKINESS = 0.06;

/** The size a class of panels stands for, and the class's name, for example `2x250000`. */
export interface Viewport extends Size {
  name: string;
}

function viewport(aspect: number, area: number): Viewport {
  return {
    name: `${aspect}x${area}`,
    width: Math.round(Math.sqrt(area * aspect)),
    height: Math.round(Math.sqrt(area / aspect)),
  };
}

function nearest(steps: number[], value: number, last: number | undefined): number {
  const distance = (step: number) => Math.abs(Math.log(Math.max(value, 1e-6) / step));
  const best = steps.reduce((a, b) => (distance(b) < distance(a) ? b : a));
  return last !== undefined && distance(last) - distance(best) < 2 * STICKINESS ? last : best;
}

/** The class a name stands for; undefined for anything else. */
export function parseViewport(name: unknown): Viewport | undefined {
  const [aspect, area, ...rest] = typeof name === 'string' ? name.split('x').map(Number) : [];
  return rest.length === 0 && ASPECTS.includes(aspect) && AREAS.includes(area) ? viewport(aspect, area) : undefined;
}

/**
 * The class of a panel of `width` × `height` pixels. There are few, so that resizing a panel seldom rearranges it; with
 * the class it had `before`, a panel near a border keeps that class.
 */
export function viewportOf(width: number, height: number, before?: string): Viewport {
  const [lastAspect, lastArea] = parseViewport(before) === undefined ? [] : (before ?? '').split('x').map(Number);
  return viewport(nearest(ASPECTS, width / height, lastAspect), nearest(AREAS, width * height, lastArea));
}
