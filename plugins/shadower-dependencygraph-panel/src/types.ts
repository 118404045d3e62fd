/** How nodes are placed. */
export type LayoutAlgorithm = 'layered' | 'force';
/** Reading direction of the layered layout: left to right, top to bottom, or whichever of them shows the graph larger. */
export type LayoutDirection = 'auto' | 'LR' | 'TB';
/** What an edge's colour stands for. */
export type EdgeMetric = 'errorRate' | 'p95' | 'none';
/** What an edge's label can show. */
export type EdgeLabelPart = 'rate' | 'errors' | 'p95';

export interface Point {
  x: number;
  y: number;
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
  /** At most this many nodes are drawn; the panel says how many it hides. */
  maxNodes: number;
  /** At most this many edges are drawn; the panel says how many it hides. */
  maxEdges: number;
  showToolbar: boolean;
  showLegend: boolean;
  /** Positions the user dragged nodes to, in layout units, by node id. */
  pinned: Record<string, Point>;
  /** The class of panel shape (`layout/viewport.ts`) whose layout the pinned positions belong to. */
  pinnedIn?: string;
}
