import { MAX_FIT } from '../layout/viewport';
import type { Point } from '../types';
import type { Rect } from './geometry';

/** Where the drawing is on screen: screen = world × k + (x, y). */
export interface Camera {
  x: number;
  y: number;
  k: number;
}

export const MIN_ZOOM = 0.05;
export const MAX_ZOOM = 4;

/** Shows all of `bounds` in a viewport, centred. */
export function fit(bounds: Rect, width: number, height: number, padding: number): Camera {
  const k = clamp(
    Math.min((width - 2 * padding) / Math.max(bounds.width, 1), (height - 2 * padding) / Math.max(bounds.height, 1)),
    MIN_ZOOM,
    MAX_FIT
  );
  return {
    k,
    x: width / 2 - (bounds.x + bounds.width / 2) * k,
    y: height / 2 - (bounds.y + bounds.height / 2) * k,
  };
}

/** Zooms by a factor and keeps the point under `anchor` (in screen units) in place. */
export function zoomAt(camera: Camera, factor: number, anchor: Point): Camera {
  const k = clamp(camera.k * factor, MIN_ZOOM, MAX_ZOOM);
  const ratio = k / camera.k;
  return { k, x: anchor.x - (anchor.x - camera.x) * ratio, y: anchor.y - (anchor.y - camera.y) * ratio };
}

/** Moves as little as needed for a point to be at least `margin` inside the viewport. */
export function reveal(camera: Camera, point: Point, width: number, height: number, margin: number): Camera {
  const x = point.x * camera.k + camera.x;
  const y = point.y * camera.k + camera.y;
  const dx = clamp(x, Math.min(margin, width / 2), Math.max(width - margin, width / 2)) - x;
  const dy = clamp(y, Math.min(margin, height / 2), Math.max(height - margin, height / 2)) - y;
  return dx === 0 && dy === 0 ? camera : { ...camera, x: camera.x + dx, y: camera.y + dy };
}

function clamp(n: number, min: number, max: number): number {
  return Math.min(max, Math.max(min, n));
}
