import type { Selection } from '../selection';
import type { Point } from '../types';
import { NODE_RADIUS } from '../layout/layoutInput';
import { isDrawn, type Scene } from './scene';

/** How near, in layout units, a pointer has to be to a node's centre. */
const REACH = NODE_RADIUS + 6;

/** The node under a point of the drawing, else the nearest edge within `tolerance` layout units. */
export function pick(scene: Scene, at: Point, tolerance: number): Selection | undefined {
  let best: { id: string; distance: number } | undefined;
  for (const [id, p] of scene.placement.positions) {
    const distance = Math.hypot(p.x - at.x, p.y - at.y);
    if (distance <= Math.max(REACH, tolerance) && distance < (best?.distance ?? Infinity) && !scene.hidden.has(id)) {
      best = { id, distance };
    }
  }
  if (best !== undefined) {
    return { kind: 'node', id: best.id };
  }
  for (const edge of scene.model.edges) {
    const line = scene.placement.geometry.get(edge.id)?.line;
    if (line === undefined || !isDrawn(scene, edge)) {
      continue;
    }
    for (let i = 0; i + 1 < line.length; i++) {
      const distance = toSegment(at, line[i], line[i + 1], tolerance);
      if (distance <= tolerance && distance < (best?.distance ?? Infinity)) {
        best = { id: edge.id, distance };
      }
    }
  }
  return best === undefined ? undefined : { kind: 'edge', id: best.id };
}

function toSegment(p: Point, a: Point, b: Point, tolerance: number): number {
  if (
    p.x < Math.min(a.x, b.x) - tolerance ||
    p.x > Math.max(a.x, b.x) + tolerance ||
    p.y < Math.min(a.y, b.y) - tolerance ||
    p.y > Math.max(a.y, b.y) + tolerance
  ) {
    return Infinity;
  }
  const square = (b.x - a.x) ** 2 + (b.y - a.y) ** 2 || 1;
  const t = Math.max(0, Math.min(1, ((p.x - a.x) * (b.x - a.x) + (p.y - a.y) * (b.y - a.y)) / square));
  return Math.hypot(a.x + (b.x - a.x) * t - p.x, a.y + (b.y - a.y) * t - p.y);
}
