import type { GrafanaTheme2 } from '@grafana/data';
import { compareText } from '../data/compare';
import type { GraphEdge, GraphModel } from '../data/model';
import { NODE_RADIUS, nodeBox } from '../layout/layoutInput';
import type { LayoutResult } from '../layout/types';
import type { GraphOptions, Point } from '../types';
import { type Severity, severityColor, severityOf } from './colors';
import { edgeLabel } from './describe';
import { type EdgeGeometry, labelsWithRoom, type Rect, routeEdges } from './geometry';
import { labelSize } from './EdgeView';

/** Where everything is. Depends on the layout and the pinned positions, not on metrics. */
export interface Placement {
  positions: ReadonlyMap<string, Point>;
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
  const geometry = routeEdges(model.edges, positions, layout, pinned);
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  const include = (x: number, y: number, dx: number, dy: number) => {
    left = Math.min(left, x - dx);
    right = Math.max(right, x + dx);
    top = Math.min(top, y - dy);
    bottom = Math.max(bottom, y + dy);
  };
  for (const node of model.nodes) {
    const at = positions.get(node.id);
    const box = nodeBox(node);
    if (at !== undefined) {
      include(at.x, at.y, box.width / 2, box.height / 2);
    }
  }
  for (const { label } of geometry.values()) {
    include(label.x, label.y, 30, 10);
  }
  const bounds =
    left > right ? { x: 0, y: 0, width: 1, height: 1 } : { x: left, y: top, width: right - left, height: bottom - top };
  return { positions, pinned, geometry, bounds };
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

/** The labels to draw: the worst and busiest edges first, as long as they cover neither nodes nor each other. */
export function visibleLabels(
  model: GraphModel,
  placement: Placement,
  styles: ReadonlyMap<string, EdgeStyle>,
  scale: number,
  always: ReadonlySet<string>
): Set<string> {
  const severities: Severity[] = ['bad', 'warn', 'ok', 'none'];
  const ring = NODE_RADIUS + 6;
  const obstacles = model.nodes.flatMap((node) => {
    const at = placement.positions.get(node.id);
    const box = nodeBox(node);
    return at === undefined
      ? []
      : [
          { x: at.x - ring, y: at.y - ring, width: 2 * ring, height: 2 * ring },
          {
            x: at.x - (box.width * scale) / 2,
            y: at.y + ring,
            width: box.width * scale,
            height: (box.height / 2 - ring) * scale,
          },
        ];
  });
  const rank = (edge: GraphEdge) =>
    always.has(edge.id) ? -1 : severities.indexOf(styles.get(edge.id)?.severity ?? 'none');
  const wanted = [...model.edges]
    .filter((edge) => (styles.get(edge.id)?.label ?? '') !== '')
    .sort(
      (a, b) =>
        rank(a) - rank(b) || (b.metrics.rate?.value ?? 0) - (a.metrics.rate?.value ?? 0) || compareText(a.id, b.id)
    );
  return labelsWithRoom(
    wanted.flatMap((edge) => {
      const at = placement.geometry.get(edge.id)?.label;
      const size = labelSize(styles.get(edge.id)?.label ?? '', scale);
      return at === undefined
        ? []
        : [{ id: edge.id, rect: { x: at.x - size.width / 2, y: at.y - size.height / 2, ...size } }];
    }),
    obstacles
  );
}
