import type { LinkModel } from '@grafana/data';

/** Worst first: the order in which nodes are kept when a limit cuts. */
export const STATUSES = ['critical', 'offline', 'degraded', 'unknown', 'healthy'] as const;
export type NodeStatus = (typeof STATUSES)[number];

/** The families of entity kinds that have a shape and an icon of their own. */
export type KindFamily =
  | 'service'
  | 'database'
  | 'queue'
  | 'integration'
  | 'host'
  | 'network'
  | 'agent'
  | 'endpoint'
  | 'user'
  | 'group'
  | 'other';

/** A number with the text it is shown as. `text` carries the unit, and may be formatted only when it is asked for. */
export interface Reading {
  value: number;
  readonly text: string;
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

/** What a thing was in the previous period. */
export interface Previous {
  status?: NodeStatus;
  score?: Reading;
  metrics: Metrics;
}

/** Against the previous period. `unknown`: one of the two periods has no reading to compare. */
export type Change = 'new' | 'lost' | 'worse' | 'better' | 'same' | 'unknown';

/** Where on Earth, in degrees. */
export interface Geo {
  latitude: number;
  longitude: number;
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
  /** '' when there is a score. */
  mainStat: string;
  arcs: Arc[];
  color?: string;
  icon?: string;
  metrics: Metrics;
  /** Read when they are shown: formatting every cell of thousands of rows would take seconds. */
  details: () => Detail[];
  /** True when no row describes the node and only an edge names it. */
  implied: boolean;
  /** What it belongs to (namespace, team, domain …), '' for nothing. */
  group: string;
  geo?: Geo;
  /** undefined when the data has no previous period. */
  previous?: Previous;
  change?: Change;
  /** No row at the time looked at, or only in the previous period: drawn as an outline, without values. */
  absent: boolean;
  /** The nodes that this one stands for, when it is a collapsed group. */
  members?: readonly GraphNode[];
}

export interface GraphEdge {
  id: string;
  source: string;
  target: string;
  relation: string;
  declared: boolean;
  /** Like `secondaryStat` '' when there is a rate, an error rate or a p95. */
  mainStat: string;
  secondaryStat: string;
  /** Line width in pixels asked for by the data. */
  thickness?: number;
  color?: string;
  metrics: Metrics;
  details: () => Detail[];
  previous?: Previous;
  change?: Change;
  /** No row at the time looked at, or only in the previous period. */
  absent: boolean;
  /** The edges that this one stands for, when it joins collapsed groups. */
  members?: readonly GraphEdge[];
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
  /** The column that groups come from, undefined when nothing does. */
  groupedBy?: string;
  /** Whether the frames tell of a previous period. */
  hasPrevious: boolean;
  /** The times that rows have, ascending, in milliseconds; empty when the frames carry no time. */
  times: readonly number[];
  /** Values over those times, for sparklines. Empty without times. */
  history: (kind: 'node' | 'edge', id: string) => History[];
}

/** One column over time; null where there is no reading. */
export interface History {
  label: string;
  values: Array<number | null>;
  /** Formats a value as the column does. */
  format: (value: number) => string;
}

/** Why there is nothing to draw. */
export type Emptiness = 'no-frames' | 'not-a-graph' | 'no-rows';
