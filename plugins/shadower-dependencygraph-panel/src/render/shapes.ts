import type { KindFamily, NodeStatus } from '../data/model';

/** Closed path around the origin with about radius `r`, starting at the top and running clockwise, so a dash pattern reads as a gauge. */
export function shapePath(family: KindFamily, r: number): string {
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
    case 'agent':
      return polygon(8, r * 1.04);
    case 'endpoint':
      return polygon(4, r * 1.14);
    case 'user':
    case 'service':
    case 'other':
      return `M0,${-r}A${r},${r} 0 1 1 0,${r}A${r},${r} 0 1 1 0,${-r}Z`;
  }
}

function polygon(corners: number, r: number): string {
  // Even polygons start at a corner at the top; the octagon stands on an edge, so start it at the middle of its top edge.
  const turn = corners === 8 ? Math.PI / 8 : 0;
  const points = Array.from({ length: corners }, (_, i) => {
    const angle = -Math.PI / 2 + turn + (i * 2 * Math.PI) / corners;
    return `${fixed(r * Math.cos(angle))},${fixed(r * Math.sin(angle))}`;
  });
  const start = corners === 8 ? `0,${fixed(-r * Math.cos(Math.PI / 8))}L` : '';
  return `M${start}${points.join('L')}Z`;
}

function roundRect(halfWidth: number, halfHeight: number, corner: number): string {
  const [w, h, c] = [fixed(halfWidth), fixed(halfHeight), fixed(Math.min(corner, halfWidth, halfHeight))];
  return (
    `M0,${-h}L${fixed(w - c)},${-h}A${c},${c} 0 0 1 ${w},${fixed(c - h)}L${w},${fixed(h - c)}A${c},${c} 0 0 1 ${fixed(w - c)},${h}` +
    `L${fixed(c - w)},${h}A${c},${c} 0 0 1 ${-w},${fixed(h - c)}L${-w},${fixed(c - h)}A${c},${c} 0 0 1 ${fixed(c - w)},${-h}Z`
  );
}

function cylinder(r: number): string {
  const [w, h, e] = [fixed(r * 0.9), fixed(r * 0.82), fixed(r * 0.26)];
  return `M0,${fixed(-h - e)}A${w},${e} 0 0 1 ${w},${-h}L${w},${h}A${w},${e} 0 0 1 ${-w},${h}L${-w},${-h}A${w},${e} 0 0 1 0,${fixed(-h - e)}Z`;
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

export const STATUS_NAMES: Record<NodeStatus, string> = {
  healthy: 'Healthy',
  degraded: 'Degraded',
  critical: 'Critical',
  offline: 'Offline',
  unknown: 'Unknown',
};
