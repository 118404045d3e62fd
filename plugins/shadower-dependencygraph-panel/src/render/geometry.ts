import { compareText } from '../data/compare';
import type { GraphEdge } from '../data/model';
import type { LayoutResult, RoutedEdge } from '../layout/types';
import { NODE_RADIUS } from '../layout/layoutInput';
import type { Point } from '../types';

export interface Rect {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** An edge ready to draw: its line, its arrowhead and the place of its label. */
export interface EdgeGeometry {
  path: string;
  arrow: string;
  label: Point;
  /** Where else the label may be when there is no room for it. */
  labels: Point[];
  /** Points along the line from end to end, close enough for finding it under the pointer and for drawing it small. */
  line: Point[];
}

/** Distance of the line from the ring: the ring's stroke and a little air. */
const AIR = 7;
/** Distance of the line from the centre of a node of the usual size. */
const CLEARANCE = NODE_RADIUS + AIR;
const ARROW = { length: 10, halfWidth: 5 };
/** How far parallel edges bow apart. */
const SPREAD = 34;

/**
 * Routes all edges. An edge keeps the layout's route while both its nodes are where the layout put them; once one was
 * dragged, it is drawn as a curve, and edges between the same two nodes bow apart.
 */
export function routeEdges(
  edges: GraphEdge[],
  positions: ReadonlyMap<string, Point>,
  layout: LayoutResult,
  moved: ReadonlySet<string>,
  radius: (id: string) => number = () => NODE_RADIUS
): Map<string, EdgeGeometry> {
  return routeGroups(byPair(edges).values(), positions, layout, moved, radius);
}

/** Edges by the pair of nodes they join, whatever their direction. */
export function byPair(edges: readonly GraphEdge[]): Map<string, GraphEdge[]> {
  const groups = new Map<string, GraphEdge[]>();
  for (const edge of edges) {
    const [a, b] = edge.source < edge.target ? [edge.source, edge.target] : [edge.target, edge.source];
    const key = `${a}\u0000${b}`;
    const group = groups.get(key);
    if (group === undefined) {
      groups.set(key, [edge]);
    } else {
      group.push(edge);
    }
  }
  return groups;
}

/** Routes groups of edges; the edges of a group join the same two nodes. */
export function routeGroups(
  groups: Iterable<GraphEdge[]>,
  positions: ReadonlyMap<string, Point>,
  layout: LayoutResult,
  moved: ReadonlySet<string>,
  radius: (id: string) => number
): Map<string, EdgeGeometry> {
  const result = new Map<string, EdgeGeometry>();
  for (const group of groups) {
    group.forEach((edge, i) => {
      const from = positions.get(edge.source);
      const to = positions.get(edge.target);
      if (from === undefined || to === undefined) {
        return;
      }
      if (edge.source === edge.target) {
        result.set(edge.id, selfLoop(from, i));
        return;
      }
      const route = Object.hasOwn(layout.routes, edge.id) ? layout.routes[edge.id] : undefined;
      if (route !== undefined && !moved.has(edge.source) && !moved.has(edge.target)) {
        result.set(edge.id, through(from, radius(edge.source) + AIR, route.bends, to, route));
        return;
      }
      // Bow to a side fixed by the pair, not by the edge's direction: else an edge and its reverse would lie on each other.
      const side = compareText(edge.source, edge.target) < 0 ? 1 : -1;
      result.set(edge.id, curve(from, radius(edge.source) + AIR, to, side * (i - (group.length - 1) / 2) * SPREAD * 2));
    });
  }
  return result;
}

function curve(from: Point, away: number, to: Point, bow: number): EdgeGeometry {
  const dx = to.x - from.x;
  const dy = to.y - from.y;
  const distance = Math.hypot(dx, dy) || 1;
  const control = { x: (from.x + to.x) / 2 - (dy / distance) * bow, y: (from.y + to.y) / 2 + (dx / distance) * bow };
  const start = towards(from, control, Math.min(away, distance / 3));
  const tip = towards(to, control, Math.min(CLEARANCE, distance / 3));
  const base = towards(tip, control, ARROW.length);
  const label = {
    x: (start.x + 2 * control.x + tip.x) / 4,
    y: (start.y + 2 * control.y + tip.y) / 4,
  };
  return {
    path: `M${at(start)}Q${at(control)} ${at(base)}`,
    arrow: arrowhead(control, tip),
    label,
    labels: [],
    line: bow === 0 ? [start, tip] : bezier(start, control, control, tip, true),
  };
}

/** Points on a Bézier curve; a quadratic one when both controls are the same. */
function bezier(from: Point, c1: Point, c2: Point, to: Point, quadratic = false, pieces = 10): Point[] {
  return Array.from({ length: pieces + 1 }, (_, i) => {
    const t = i / pieces;
    const u = 1 - t;
    const [a, b, c, d] = quadratic ? [u * u, 2 * u * t, 0, t * t] : [u ** 3, 3 * u * u * t, 3 * u * t * t, t ** 3];
    return {
      x: a * from.x + b * c1.x + c * c2.x + d * to.x,
      y: a * from.y + b * c1.y + c * c2.y + d * to.y,
    };
  });
}

function through(from: Point, away: number, bends: Point[], to: Point, route: RoutedEdge): EdgeGeometry {
  // dagre's outer bends lie on the node's box, which is larger than the ring and may lie in its label: aim at the centre instead.
  const inner = bends.filter((p) => far(p, from) && far(p, to));
  const first = inner[0] ?? to;
  const last = inner[inner.length - 1] ?? from;
  const start = towards(from, first, away);
  const tip = towards(to, last, CLEARANCE);
  const base = towards(tip, last, ARROW.length);
  return {
    path: smooth([start, ...inner, base]),
    arrow: arrowhead(last, tip),
    label: route.label,
    labels: route.labels ?? [],
    line: [start, ...inner, tip],
  };
}

function far(a: Point, b: Point): boolean {
  return Math.hypot(a.x - b.x, a.y - b.y) > CLEARANCE + ARROW.length;
}

/** A smooth line through all points (a Catmull-Rom spline as Bézier curves), so that a label at a bend sits on the line. */
function smooth(points: Point[]): string {
  let path = `M${at(points[0])}`;
  for (let i = 0; i < points.length - 1; i++) {
    const [before, from, to, after] = [
      points[i - 1] ?? points[i],
      points[i],
      points[i + 1],
      points[i + 2] ?? points[i + 1],
    ];
    // Tangents no longer than the piece itself: points close together next to ones far apart would make loops.
    const reach = Math.hypot(to.x - from.x, to.y - from.y) / 3;
    path += `C${at(towards(from, shift(from, before, to), reach))} ${at(towards(to, shift(to, after, from), reach))} ${at(to)}`;
  }
  return path;
}

/** The point seen from `p` along the direction from `a` to `b`. */
function shift(p: Point, a: Point, b: Point): Point {
  return { x: p.x + b.x - a.x, y: p.y + b.y - a.y };
}

function selfLoop(centre: Point, index: number): EdgeGeometry {
  const reach = CLEARANCE + 34 + index * 20;
  const spread = 0.42;
  const out = polar(centre, -Math.PI / 2 - spread, CLEARANCE);
  const tip = polar(centre, -Math.PI / 2 + spread, CLEARANCE);
  const c1 = polar(centre, -Math.PI / 2 - spread, reach * 1.35);
  const c2 = polar(centre, -Math.PI / 2 + spread, reach * 1.35);
  return {
    path: `M${at(out)}C${at(c1)} ${at(c2)} ${at(towards(tip, c2, ARROW.length))}`,
    arrow: arrowhead(c2, tip),
    label: { x: centre.x, y: centre.y - reach - 4 },
    labels: [],
    line: bezier(out, c1, c2, tip),
  };
}

function arrowhead(from: Point, tip: Point): string {
  const angle = Math.atan2(tip.y - from.y, tip.x - from.x);
  const base = { x: tip.x - Math.cos(angle) * ARROW.length, y: tip.y - Math.sin(angle) * ARROW.length };
  const [nx, ny] = [-Math.sin(angle) * ARROW.halfWidth, Math.cos(angle) * ARROW.halfWidth];
  return `M${at(tip)}L${at({ x: base.x + nx, y: base.y + ny })}L${at({ x: base.x - nx, y: base.y - ny })}Z`;
}

function towards(from: Point, to: Point, distance: number): Point {
  const length = Math.hypot(to.x - from.x, to.y - from.y);
  return length === 0
    ? from
    : { x: from.x + ((to.x - from.x) * distance) / length, y: from.y + ((to.y - from.y) * distance) / length };
}

function polar(centre: Point, angle: number, distance: number): Point {
  return { x: centre.x + Math.cos(angle) * distance, y: centre.y + Math.sin(angle) * distance };
}

function at(p: Point): string {
  return `${Math.round(p.x * 100) / 100},${Math.round(p.y * 100) / 100}`;
}
