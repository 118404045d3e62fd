import type { GraphEdge, GraphModel } from '../data/model';
import { NODE_RADIUS, nodeBox } from '../layout/layoutInput';
import type { LayoutResult } from '../layout/types';
import type { Point } from '../types';
import { byPair, type EdgeGeometry, type Rect, routeEdges, routeGroups } from './geometry';
import { Occupancy } from './occupancy';

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
  layout: LayoutResult;
}

export function place(model: GraphModel, layout: LayoutResult, pins: Record<string, Point>): Placement {
  const positions = new Map<string, Point>();
  const pinned = new Set<string>();
  const shifted = new Set<string>();
  for (const { id } of model.nodes) {
    if (Object.hasOwn(pins, id)) {
      positions.set(id, pins[id]);
      pinned.add(id);
    }
  }
  // A node that nobody pinned gives way to those that were: a new one must not appear on top of an old one.
  const taken = new Occupancy(100);
  const boxAt = (at: Point, width: number, top: number, bottom: number): Rect => ({
    x: at.x - width / 2,
    y: at.y - top,
    width,
    height: top + bottom,
  });
  for (const node of model.nodes) {
    if (pinned.has(node.id)) {
      const box = nodeBox(node);
      taken.take(boxAt(pins[node.id], box.width, box.top, box.bottom));
    }
  }
  for (const node of model.nodes) {
    if (!pinned.has(node.id) && Object.hasOwn(layout.positions, node.id)) {
      const wanted = layout.positions[node.id];
      const box = nodeBox(node);
      const free =
        pinned.size === 0
          ? wanted
          : nearestFree(wanted, (at) => taken.isFree(boxAt(at, box.width, box.top, box.bottom)));
      if (pinned.size > 0) {
        taken.take(boxAt(free, box.width, box.top, box.bottom));
      }
      if (free !== wanted) {
        shifted.add(node.id);
      }
      positions.set(node.id, free);
    }
  }
  const receding = recedingNodes(model);
  const moved = new Set([...pinned, ...shifted]);
  const geometry = routeEdges(model.edges, positions, layout, moved, radiusOf(receding));
  return {
    positions,
    receding,
    pinned,
    geometry,
    bounds: boundsOf(model, positions, geometry, layout, pinned),
    layout,
  };
}

/** The same with one node elsewhere, for a drag: only its own edges are routed anew, and bounds stay. */
export function moveNode(placement: Placement, edges: readonly GraphEdge[], id: string, to: Point): Placement {
  const positions = new Map(placement.positions).set(id, to);
  const pinned = new Set(placement.pinned).add(id);
  const own = edges.filter((edge) => edge.source === id || edge.target === id);
  const routed = routeGroups(byPair(own).values(), positions, placement.layout, pinned, radiusOf(placement.receding));
  return { ...placement, positions, pinned, geometry: new Map([...placement.geometry, ...routed]) };
}

function radiusOf(receding: ReadonlySet<string>): (id: string) => number {
  return (id) => (receding.has(id) ? NODE_RADIUS * RECEDING : NODE_RADIUS);
}

function recedingNodes(model: GraphModel): Set<string> {
  const called = new Set(model.edges.map((edge) => edge.target));
  const calls = new Set(model.edges.map((edge) => edge.source));
  return new Set(
    model.nodes
      .filter(
        ({ id, status, score, members }) =>
          status === 'unknown' && score === undefined && members === undefined && calls.has(id) && !called.has(id)
      )
      .map(({ id }) => id)
  );
}

/** The first free place on a spiral around the one wanted. */
function nearestFree(wanted: Point, isFree: (at: Point) => boolean): Point {
  if (isFree(wanted)) {
    return wanted;
  }
  for (let i = 1; i < 600; i++) {
    // The golden angle: places spread evenly.
    const radius = 22 * Math.sqrt(i);
    const at = {
      x: Math.round(wanted.x + radius * Math.cos(i * 2.399963)),
      y: Math.round(wanted.y + radius * Math.sin(i * 2.399963)),
    };
    if (isFree(at)) {
      return at;
    }
  }
  return wanted;
}

function boundsOf(
  model: GraphModel,
  positions: ReadonlyMap<string, Point>,
  geometry: ReadonlyMap<string, EdgeGeometry>,
  layout: LayoutResult,
  pinned: ReadonlySet<string>
): Rect {
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
  for (const { label, line } of geometry.values()) {
    include(label.x, label.y, 30, 10);
    line.forEach((point) => include(point.x, point.y, 3, 3));
  }
  for (const box of [...(layout.groups ?? []), ...(layout.geo === undefined ? [] : [layout.geo])]) {
    include(box.x + box.width / 2, box.y + box.height / 2, box.width / 2 + 2, box.height / 2 + 2);
  }
  return left > right
    ? { x: 0, y: 0, width: 1, height: 1 }
    : { x: left, y: top, width: right - left, height: bottom - top };
}
