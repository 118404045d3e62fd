import { type Field } from '@grafana/data';

/** Worst first: offline is all calls failing; `unknown` stands before `healthy` because it may hide anything. */
export const STATUSES = ['offline', 'critical', 'degraded', 'unknown', 'healthy'] as const;
export type Status = (typeof STATUSES)[number];

export type TermStatus = 'bad' | 'warn' | 'unknown' | 'ok';

/** One term of an entity's score. Numbers are null where the data has none: unknown, not zero. */
export interface Term {
  id: string;
  title: string;
  /** Points the term can cost at most. */
  weight: number | null;
  value: number | null;
  /** Grafana unit id of `value` and of a numeric `target`. */
  unit: string | null;
  target: number | string | null;
  pointsLost: number | null;
  /** Points lost in the previous period, where the source has them. */
  previousPointsLost: number | null;
  status: TermStatus;
  /** When the term left `ok`, in milliseconds since the epoch. */
  since: number | null;
  /** Cap that the failing term puts on the score. */
  gate: number | null;
}

export interface TrendPoint {
  /** Milliseconds since the epoch. */
  time: number;
  score: number | null;
}

/** The term whose gate holds the score down. */
export interface Cap {
  at: number;
  term: Term;
}

/** One entity with everything the panel knows about it. */
export interface EntityScore {
  /** Unique and stable across refreshes. */
  key: string;
  entity: string;
  kind: string | null;
  score: number | null;
  status: Status;
  /** Why score or status is unknown; null when both are known. */
  reason: string | null;
  /** Share of the evidence that was there, 0–1. */
  confidence: number | null;
  calls: number | null;
  previous: number | null;
  /** Score minus the previous period's score. */
  change: number | null;
  terms: Term[];
  /** Ascending in time; null scores are gaps. */
  trend: TrendPoint[];
  cap: Cap | null;
  /** Where the row came from, for units, value mappings and data links. */
  source: { row: number; scoreField?: Field; entityField?: Field } | null;
}

export interface Scorecard {
  entities: EntityScore[];
  /** What is missing or broken in the data, in whole sentences. */
  notices: string[];
  /** Range of a score, from the score field's min and max. */
  range: { min: number; max: number };
  /** Newest trend point and the usual distance of points, in milliseconds. */
  newest: number | null;
  step: number | null;
  /** True when at least one frame could be read as scores, terms or trend. */
  recognised: boolean;
}
