import type { LinkModel } from '@grafana/data';

/** Worst first: the order in which nodes are kept when a limit cuts. */
export const STATUSES = ['critical', 'offline', 'degraded', 'unknown', 'healthy'] as const;
export type NodeStatus = (typeof STATUSES)[number];

/** The families of entity kinds that have a shape and an icon of their own. */
export type KindFamily =
  'service' | 'database' | 'queue' | 'integration' | 'host' | 'network' | 'agent' | 'endpoint' | 'user' | 'other';

/** A number with the text it is shown as. `text` carries the unit. */
export interface Reading {
  value: number;
  text: string;
}

/** One line of the details card and the table: the field's name, its formatted value and the field's data links. */
export interface Detail {
  label: string;
  text: string;
  links: () => LinkModel[];
}

/** A share of the ring. `color` is a Grafana colour name or CSS colour; without one the renderer picks. */
export interface Arc {
  name: string;
  /** 0–1. */
  share: number;
  color?: string;
}

export interface Metrics {
  calls?: Reading;
  /** Requests per second. */
  rate?: Reading;
  /** 0–1. */
  errorRate?: Reading;
  /** Milliseconds. */
  p95?: Reading;
  bytes?: Reading;
}

export interface GraphNode {
  id: string;
  title: string;
  subtitle: string;
  /** The kind as the data names it, '' without one. */
  kind: string;
  family: KindFamily;
  external: boolean;
  /** undefined when the data says nothing about health at all, which is not the same as `unknown`. */
  status?: NodeStatus;
  /** 0–100. */
  score?: Reading;
  mainStat: string;
  secondaryStat: string;
  arcs: Arc[];
  color?: string;
  icon?: string;
  metrics: Metrics;
  details: Detail[];
  /** True when no row describes the node and only an edge names it. */
  implied: boolean;
}

export interface GraphEdge {
  id: string;
  source: string;
  target: string;
  relation: string;
  declared: boolean;
  mainStat: string;
  secondaryStat: string;
  /** Line width in pixels asked for by the data. */
  thickness?: number;
  color?: string;
  metrics: Metrics;
  details: Detail[];
}

export interface Notice {
  severity: 'info' | 'warning';
  text: string;
}

/** Nodes are sorted by id, edges by source, target and id, so the model does not depend on row order. */
export interface GraphModel {
  nodes: GraphNode[];
  edges: GraphEdge[];
  notices: Notice[];
  /** How many nodes and edges the limits left out. */
  hidden: { nodes: number; edges: number };
  /** Formats a sum of edge rates like the data formats a single one. */
  formatRate: (value: number) => string;
}

/** Why there is nothing to draw. */
export type Emptiness = 'no-frames' | 'not-a-graph' | 'no-rows';
