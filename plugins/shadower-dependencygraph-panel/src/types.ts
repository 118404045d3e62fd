/** How nodes are placed. */
export type LayoutAlgorithm = 'layered' | 'force' | 'radial' | 'geographic' | 'grouped';
/** Reading direction of the layered layout: left to right, top to bottom, or whichever of them shows the graph larger. */
export type LayoutDirection = 'auto' | 'LR' | 'TB';
/** What an edge's colour stands for. */
export type EdgeMetric = 'errorRate' | 'p95' | 'rate' | 'none';
/** What an edge's label can show. */
export type EdgeLabelPart = 'rate' | 'errors' | 'p95';

export interface Point {
  x: number;
  y: number;
}

/** Where the user put nodes in one layout, in layout units, by node id. */
export interface Pins {
  at: Record<string, Point>;
  /** The class of panel shape (`layout/viewport.ts`) whose drawing the positions belong to. */
  in?: string;
}

/** Saved panel options. `version` is the options format, see migrations.ts. */
export interface GraphOptions {
  version: number;
  layout: LayoutAlgorithm;
  direction: LayoutDirection;
  edgeMetric: EdgeMetric;
  edgeLabels: EdgeLabelPart[];
  /** Error rate (0–1) from which an edge is a warning. */
  errorRateWarn: number;
  /** Error rate (0–1) from which an edge is critical. */
  errorRateBad: number;
  /** p95 in milliseconds from which an edge is a warning. */
  p95Warn: number;
  /** p95 in milliseconds from which an edge is critical. */
  p95Bad: number;
  /** Score (0–100) from which a node without a status column is healthy. */
  scoreHealthy: number;
  /** Score (0–100) from which a node without a status column is degraded rather than critical. */
  scoreDegraded: number;
  /** The field that nodes are grouped by; 'auto' picks one, '' groups by none. */
  groupBy: string;
  /** Names of the groups that are drawn as one node. */
  collapsed: string[];
  /** Beyond so many nodes the graph is drawn as groups. */
  maxNodes: number;
  /** Beyond so many edges the graph is drawn as groups. */
  maxEdges: number;
  /** Dots that run along edges, unless the viewer prefers reduced motion. */
  animate: boolean;
  /** Marks what changed since the previous period, when the data has one. */
  compare: boolean;
  /** Name of the dashboard variable that a click on a node sets to its id, '' for none. */
  variable: string;
  showToolbar: boolean;
  showLegend: boolean;
  showMinimap: boolean;
  /** Positions the user dragged nodes to, for each layout of its own. */
  pinned: Partial<Record<LayoutAlgorithm, Pins>>;
}
