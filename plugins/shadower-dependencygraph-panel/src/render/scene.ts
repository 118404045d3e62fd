import type { GrafanaTheme2 } from '@grafana/data';
import { compareText } from '../data/compare';
import { type GraphEdge, type GraphModel, type GraphNode, STATUSES } from '../data/model';
import { CHAR_WIDTH, NODE_RADIUS, nodeBox, shorten, TITLE_LINE, TITLE_TOP } from '../layout/layoutInput';
import type { LayoutResult } from '../layout/types';
import type { GraphOptions, Point } from '../types';
import { type Severity, severityColor, severityOf } from './colors';
import { edgeLabel } from './describe';
import { type EdgeGeometry, labelsWithRoom, overlaps, type Rect, routeEdges } from './geometry';
import { labelSize } from './EdgeView';

/** Size of a receding node's ring, as a share. */
export const RECEDING = 0.72;

/** Where everything is. Depends on the layout and the pinned positions; metrics move nothing. */
export interface Placement {
  positions: ReadonlyMap<string, Point>;
  /** Nodes that only call and of which nothing is known: drawn smaller, they are context. Their room is that of all. */
  receding: ReadonlySet<string>;
  pinned: ReadonlySet<string>;
  geometry: ReadonlyMap<string, EdgeGeometry>;
  bounds: Rect;
}

export function place(model: GraphModel, layout: LayoutResult, pins: Record<string, Point>): Placement {
  const positions = new Map<string, Point>();
  const pinned = new Set<string>();
  for (const { id } of model.nodes) {
    if (Object.hasOwn(pins, id)) {
      positions.set(id, pins[id]);
      pinned.add(id);
    } else if (Object.hasOwn(layout.positions, id)) {
      positions.set(id, layout.positions[id]);
    }
  }
  const called = new Set(model.edges.map((edge) => edge.target));
  const calls = new Set(model.edges.map((edge) => edge.source));
  const receding = new Set(
    model.nodes
      .filter(
        ({ id, status, score }) => status === 'unknown' && score === undefined && calls.has(id) && !called.has(id)
      )
      .map(({ id }) => id)
  );
  const geometry = routeEdges(model.edges, positions, layout, pinned, (id) =>
    receding.has(id) ? NODE_RADIUS * RECEDING : NODE_RADIUS
  );
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  const include = (x: number, y: number, dx: number, above: number, below = above) => {
    left = Math.min(left, x - dx);
    right = Math.max(right, x + dx);
    top = Math.min(top, y - above);
    bottom = Math.max(bottom, y + below);
  };
  for (const node of model.nodes) {
    const at = positions.get(node.id);
    const box = nodeBox(node);
    if (at !== undefined) {
      // A layout may have given a long title less room than it wants.
      const rim = pinned.has(node.id) ? Infinity : Math.min(at.x, layout.width - at.x);
      include(at.x, at.y, Math.min(box.width / 2, Math.max(rim, NODE_RADIUS)), box.top, box.bottom);
    }
  }
  for (const { label, bends } of geometry.values()) {
    include(label.x, label.y, 30, 10);
    bends.forEach((bend) => include(bend.x, bend.y, 3, 3));
  }
  const bounds =
    left > right ? { x: 0, y: 0, width: 1, height: 1 } : { x: left, y: top, width: right - left, height: bottom - top };
  return { positions, receding, pinned, geometry, bounds };
}

/** How an edge looks. Depends on metrics and options. */
export interface EdgeStyle {
  color: string;
  width: number;
  label: string;
  severity: Severity;
}

/** Colours, widths and labels of all edges. Width grows with the logarithm of the rate, relative to the busiest edge. */
export function styleEdges(model: GraphModel, options: GraphOptions, theme: GrafanaTheme2): Map<string, EdgeStyle> {
  const busiest = model.edges.reduce((max, edge) => Math.max(max, edge.metrics.rate?.value ?? 0), 0);
  const width = (edge: GraphEdge) =>
    edge.thickness ??
    (busiest > 0 ? 1.5 + (3.5 * Math.log1p(edge.metrics.rate?.value ?? 0)) / Math.log1p(busiest) : 1.5);
  return new Map(
    model.edges.map((edge) => {
      const severity = severityOf(edge, options.edgeMetric, options);
      const own =
        severity === 'none' && edge.color !== undefined ? theme.visualization.getColorByName(edge.color) : undefined;
      return [
        edge.id,
        {
          severity,
          color: own ?? severityColor(severity, theme),
          width: width(edge),
          label: edgeLabel(edge, options.edgeLabels),
        },
      ];
    })
  );
}

/** A title as drawn, with the room it takes. */
export interface Title {
  text: string;
  /** How many lines lower than usual it is. */
  line: number;
  rect: Rect;
}

/** Shorter titles tried, in characters, before a title is left out. */
const TITLE_LENGTHS = [18, 16, 14, 12, 10, 8];

/**
 * The titles to draw `scale` times their size: the worst and best connected nodes first, whole, else shortened, else not
 * at all. So a title is either readable or absent; every node has it as a tooltip and for assistive technology.
 */
export function visibleTitles(
  model: GraphModel,
  placement: Placement,
  scale: number,
  first: ReadonlySet<string>
): Map<string, Title> {
  const degree = new Map<string, number>();
  for (const { source, target } of model.edges) {
    degree.set(source, (degree.get(source) ?? 0) + 1);
    degree.set(target, (degree.get(target) ?? 0) + 1);
  }
  const rank = ({ id, status }: GraphNode) =>
    first.has(id) ? -2 : placement.receding.has(id) ? 9 : status === undefined ? 8 : STATUSES.indexOf(status);
  const sorted = [...model.nodes].sort(
    (a, b) => rank(a) - rank(b) || (degree.get(b.id) ?? 0) - (degree.get(a.id) ?? 0) || compareText(a.id, b.id)
  );
  const taken = rings(model, placement);
  const titles = new Map<string, Title>();
  for (const node of sorted) {
    const at = placement.positions.get(node.id);
    if (at === undefined) {
      continue;
    }
    const whole = shorten(node.title);
    const texts = [whole, ...TITLE_LENGTHS.filter((n) => n < [...whole].length).map((n) => shorten(node.title, n))];
    // In a crowd, every other title goes one line lower.
    const tries = texts.flatMap((text) => [0, 1].map((line) => ({ text, line })));
    for (const { text, line } of tries) {
      const width = [...text].length * CHAR_WIDTH * scale;
      const rect = {
        x: at.x - width / 2,
        y: at.y + TITLE_TOP + line * TITLE_LINE * scale,
        width,
        height: TITLE_LINE * scale,
      };
      const { x, width: room, y, height } = placement.bounds;
      const inside =
        rect.x >= x - AIR &&
        rect.x + width <= x + room + AIR &&
        (line === 0 || rect.y + rect.height <= y + height + AIR);
      if (inside && !taken.some((other) => overlaps(rect, other))) {
        taken.push(rect);
        titles.set(node.id, { text, line, rect });
        break;
      }
    }
  }
  return titles;
}

/** How far a title may reach beyond the drawing, in layout units — less than the padding it is fitted with. */
const AIR = 6;

function rings(model: GraphModel, placement: Placement): Rect[] {
  return model.nodes.flatMap(({ id }) => {
    const at = placement.positions.get(id);
    const r = (placement.receding.has(id) ? RECEDING : 1) * NODE_RADIUS + 4;
    return at === undefined ? [] : [{ x: at.x - r, y: at.y - r, width: 2 * r, height: 2 * r }];
  });
}

/**
 * The edge labels to draw, and where: the worst and busiest edges first, as long as they cover neither nodes, titles nor
 * each other. At the drawing's rim they are moved inwards.
 */
export function visibleLabels(
  model: GraphModel,
  placement: Placement,
  styles: ReadonlyMap<string, EdgeStyle>,
  titles: ReadonlyMap<string, Title>,
  scale: number,
  always: ReadonlySet<string>,
  onlyAlarming: boolean
): Map<string, Point> {
  const severities: Severity[] = ['bad', 'warn', 'ok', 'none'];
  const rank = (edge: GraphEdge) =>
    always.has(edge.id) ? -1 : severities.indexOf(styles.get(edge.id)?.severity ?? 'none');
  const wanted = model.edges
    .filter((edge) => (styles.get(edge.id)?.label ?? '') !== '' && (!onlyAlarming || rank(edge) <= 1))
    .sort(
      (a, b) =>
        rank(a) - rank(b) || (b.metrics.rate?.value ?? 0) - (a.metrics.rate?.value ?? 0) || compareText(a.id, b.id)
    );
  const { x: left, width: room } = placement.bounds;
  const rects = wanted.flatMap((edge) => {
    const geometry = placement.geometry.get(edge.id);
    const size = labelSize(styles.get(edge.id)?.label ?? '', scale);
    if (geometry === undefined) {
      return [];
    }
    const places = [geometry.label, ...geometry.labels].map((at) => ({
      x: Math.max(left - AIR, Math.min(left + room + AIR - size.width, at.x - size.width / 2)),
      y: at.y - size.height / 2,
      ...size,
    }));
    return [{ id: edge.id, places }];
  });
  const kept = labelsWithRoom(rects, [...rings(model, placement), ...[...titles.values()].map((title) => title.rect)]);
  return new Map([...kept].map(([id, rect]) => [id, { x: rect.x + rect.width / 2, y: rect.y + rect.height / 2 }]));
}
