import type { LayoutAlgorithm, LayoutDirection, Point } from '../types';

export interface Size {
  width: number;
  height: number;
}

/** All a layout may depend on. Plain data, so it can be posted to a worker. No metrics: those must not move nodes. */
export interface LayoutInput {
  algorithm: LayoutAlgorithm;
  direction: LayoutDirection;
  /** The nominal size, in pixels, the drawing is made for: that of the panel's class, so that resizing a little moves nothing. */
  viewport: Size;
  /** Sorted by id. `width` and `height` are the room a node takes with its label, in layout units (1 = 1 px at zoom 1). */
  nodes: Array<{ id: string; width: number; height: number }>;
  /** Sorted by source, target, id. Both ends are in `nodes`. */
  edges: Array<{ id: string; source: string; target: string }>;
}

export interface RoutedEdge {
  /** Bend points between the two nodes, ends left out. */
  bends: Point[];
  /** Where the label has room. */
  label: Point;
  /** Where else on the line it may be, best first. */
  labels?: Point[];
}

/** Positions are node centres, with the drawing's top left at (0, 0). */
export interface LayoutResult {
  positions: Record<string, Point>;
  /** Only for the layouts that route edges; an edge without a route is drawn as a plain curve. */
  routes: Record<string, RoutedEdge>;
  width: number;
  height: number;
}

export type Layout = (input: LayoutInput) => LayoutResult;
