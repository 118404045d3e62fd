import type { Geo } from '../data/model';
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
  /**
   * Sorted by id. `width` and `height` are the room a node takes with its label, in layout units (1 = 1 px at zoom 1).
   * `group` and `geo` are there for the layouts that use them.
   */
  nodes: Array<Size & { id: string; group?: string; geo?: Geo }>;
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

/** A box around the nodes of a group. */
export interface GroupBox extends Size {
  name: string;
  x: number;
  y: number;
}

/** Degrees of the map's rim, and where the map lies in the drawing. Between them: Mercator, see `geographic.ts`. */
export interface GeoFrame extends Size {
  west: number;
  east: number;
  south: number;
  north: number;
  x: number;
  y: number;
}

/** Positions are node centres, with the drawing's top left at (0, 0). */
export interface LayoutResult {
  positions: Record<string, Point>;
  /** Only for the layouts that route edges; an edge without a route is drawn as a plain curve. */
  routes: Record<string, RoutedEdge>;
  width: number;
  height: number;
  /** Only of the grouped layout. */
  groups?: GroupBox[];
  /** Only of the geographic layout. */
  geo?: GeoFrame;
}

export type Layout = (input: LayoutInput) => LayoutResult;
