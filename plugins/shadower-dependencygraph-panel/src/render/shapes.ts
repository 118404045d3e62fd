import type { KindFamily, NodeStatus } from '../data/model';
import type { Point } from '../types';

/** A node's outline around the origin with about radius `r`: a closed line of points, clockwise from the top. */
function outline(family: KindFamily, r: number): Point[] {
  switch (family) {
    case 'database':
      return cylinder(r);
    case 'queue':
      return roundRect(r * 1.12, r * 0.8, r * 0.8);
    case 'integration':
      return polygon(6, r * 1.06);
    case 'host':
    case 'network':
      return roundRect(r * 0.92, r * 0.92, family === 'host' ? r * 0.2 : r * 0.45);
    case 'group':
      return roundRect(r * 1.1, r * 0.9, r * 0.3);
    case 'agent':
      return polygon(8, r * 1.04);
    case 'endpoint':
      return polygon(4, r * 1.14);
    case 'user':
    case 'service':
    case 'other':
      return arc({ x: 0, y: 0 }, r, r, -90, 270);
  }
}

const paths = new Map<string, string>();

/** The path of an outline, or of the part of it between two shares (0–1) of its length, clockwise from the top. */
export function outlinePath(family: KindFamily, r: number, from = 0, to = 1): string {
  // Shares in hundredths: few distinct paths, so that each is made, and parsed by the browser, once.
  const [a, b] = [Math.round(from * 100) / 100, Math.round(to * 100) / 100];
  const key = `${family} ${r} ${a} ${b}`;
  let path = paths.get(key);
  if (path === undefined) {
    const points = outline(family, r);
    path = a <= 0 && b >= 1 ? `M${points.map(at).join('L')}Z` : `M${part(points, a, b).map(at).join('L')}`;
    paths.set(key, path);
  }
  return path;
}

function part(points: Point[], from: number, to: number): Point[] {
  const closed = [...points, points[0]];
  const lengths = closed.slice(1).map((p, i) => Math.hypot(p.x - closed[i].x, p.y - closed[i].y));
  const total = lengths.reduce((sum, length) => sum + length, 0);
  const result: Point[] = [];
  let before = 0;
  lengths.forEach((length, i) => {
    const on = (share: number): Point => {
      const t = length === 0 ? 0 : (share * total - before) / length;
      return {
        x: closed[i].x + (closed[i + 1].x - closed[i].x) * t,
        y: closed[i].y + (closed[i + 1].y - closed[i].y) * t,
      };
    };
    const [start, end] = [before / total, (before + length) / total];
    if (end > from && start < to) {
      if (result.length === 0) {
        result.push(on(Math.max(start, from)));
      }
      result.push(on(Math.min(end, to)));
    }
    before += length;
  });
  return result;
}

/** Points of an elliptic arc; angles in degrees, clockwise from the right. */
function arc(centre: Point, rx: number, ry: number, from: number, to: number): Point[] {
  const pieces = Math.max(2, Math.ceil(Math.abs(to - from) / 6));
  const closed = Math.abs(to - from) >= 360;
  return Array.from({ length: closed ? pieces : pieces + 1 }, (_, i) => {
    const angle = ((from + ((to - from) * i) / pieces) * Math.PI) / 180;
    return { x: centre.x + rx * Math.cos(angle), y: centre.y + ry * Math.sin(angle) };
  });
}

function polygon(corners: number, r: number): Point[] {
  // The octagon stands on an edge, so it starts at the middle of its top edge.
  const turn = corners === 8 ? Math.PI / 8 : 0;
  const points = Array.from({ length: corners }, (_, i) => {
    const angle = -Math.PI / 2 + turn + (i * 2 * Math.PI) / corners;
    return { x: r * Math.cos(angle), y: r * Math.sin(angle) };
  });
  return corners === 8 ? [{ x: 0, y: -r * Math.cos(Math.PI / 8) }, ...points] : points;
}

function roundRect(w: number, h: number, corner: number): Point[] {
  const c = Math.min(corner, w, h);
  return [
    { x: 0, y: -h },
    ...arc({ x: w - c, y: c - h }, c, c, -90, 0),
    ...arc({ x: w - c, y: h - c }, c, c, 0, 90),
    ...arc({ x: c - w, y: h - c }, c, c, 90, 180),
    ...arc({ x: c - w, y: c - h }, c, c, 180, 270),
  ];
}

function cylinder(r: number): Point[] {
  const [w, h, e] = [r * 0.9, r * 0.82, r * 0.26];
  return [
    ...arc({ x: 0, y: -h }, w, e, -90, 0),
    ...arc({ x: 0, y: h }, w, e, 0, 180),
    ...arc({ x: 0, y: -h }, w, e, 180, 264),
  ];
}

function at(p: Point): string {
  return `${fixed(p.x)},${fixed(p.y)}`;
}

/** The cylinder's inner rim, drawn over its body. */
export function cylinderRim(r: number): string {
  const [w, h, e] = [fixed(r * 0.9), fixed(r * 0.82), fixed(r * 0.26)];
  return `M${-w},${-h}A${w},${e} 0 0 0 ${w},${-h}`;
}

function fixed(n: number): number {
  return Math.round(n * 100) / 100;
}

/** Outlines in a 16 × 16 box, drawn with a stroke. */
export const KIND_ICONS: Record<KindFamily, string> = {
  service: 'M8 1.5 13.6 4.8v6.4L8 14.5 2.4 11.2V4.8ZM2.4 4.8 8 8l5.6-3.2M8 8v6.5',
  database: 'M2.5 4c0-3 11-3 11 0v8c0 3-11 3-11 0ZM2.5 4c0 3 11 3 11 0M2.5 8c0 3 11 3 11 0',
  queue: 'M1.5 4.5h3v7h-3ZM6.5 4.5h3v7h-3ZM11.5 4.5h3v7h-3Z',
  integration: 'M5 2v3.5M11 2v3.5M3.5 5.5h9V8a4.5 4.5 0 0 1-9 0ZM8 12.5v2.5',
  host: 'M2 2.5h12v4.5H2ZM2 9h12v4.5H2ZM4.5 4.75h.5M4.5 11.25h.5',
  network: 'M6.2 1.5h3.6v3.4H6.2ZM1.2 11h3.6v3.4H1.2ZM11.2 11h3.6v3.4h-3.6ZM8 4.9V8M3 11V8h10v3',
  agent: 'M3 5.5h10v7.5H3ZM8 5.5V2.5M7.5 2h1M5.8 8.6v1M10.2 8.6v1M1.2 8v3M14.8 8v3',
  endpoint: 'M5.5 3 1.5 8l4 5M10.5 3l4 5-4 5',
  user: 'M8 2a2.8 2.8 0 1 1 0 5.6A2.8 2.8 0 1 1 8 2M2.5 14c0-6 11-6 11 0',
  group: 'M1.5 1.5h5v5h-5ZM9.5 1.5h5v5h-5ZM1.5 9.5h5v5h-5ZM9.5 9.5h5v5h-5Z',
  other: 'M3 3h10v10H3Z',
};

/** Says "outside": an arrow leaving a box. */
export const EXTERNAL_ICON = 'M9.5 2H14v4.5M14 2 8 8M12 9.5V14H2V4h4.5';

/** A badge of a status: its outline differs as well as its sign, so that it is read without colour. 16 × 16 box. */
export const STATUS_BADGES: Record<NodeStatus, { outline: string; sign: string }> = {
  healthy: { outline: 'M8 0A8 8 0 1 1 8 16A8 8 0 1 1 8 0Z', sign: 'M4.6 8.2 7 10.6 11.4 5.8' },
  degraded: { outline: 'M8 .2 16.4 15.4H-.4Z', sign: 'M8 6v4.2M8 12.6v.4' },
  critical: { outline: 'M4.7 0h6.6L16 4.7v6.6L11.3 16H4.7L0 11.3V4.7Z', sign: 'M5.2 5.2l5.6 5.6M10.8 5.2l-5.6 5.6' },
  offline: { outline: 'M.5.5h15v15H.5Z', sign: 'M4.4 8h7.2' },
  unknown: {
    outline: 'M8 0A8 8 0 1 1 8 16A8 8 0 1 1 8 0Z',
    sign: 'M5.6 6.1C5.7 3 10.5 3.2 10.4 6.1 10.3 7.8 8 7.8 8 9.8M8 12.2v.4',
  },
};
