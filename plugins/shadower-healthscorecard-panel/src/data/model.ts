import { type DataFrame, type Field } from '@grafana/data';

/** Worst first: offline is all calls failing; `unknown` stands before `healthy` because it may hide anything. */
export const STATUSES = ['offline', 'critical', 'degraded', 'unknown', 'healthy'] as const;
export type Status = (typeof STATUSES)[number];

export type TermStatus = 'bad' | 'warn' | 'unknown' | 'ok';

/** Severity of a risk, priority and effort of a recommendation, highest first. */
export const LEVELS = ['critical', 'high', 'medium', 'low'] as const;
export type Level = (typeof LEVELS)[number];

/** A field and the row of it that something came from, for units, value mappings and data links. */
export interface Cell {
  field: Field;
  row: number;
}

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
  /** Cap that the failing term puts on the score now. */
  gate: number | null;
  /** The gate's rule, failing or not: while the value is above `above`, the score cannot exceed `cap`. */
  rule: { above: number | null; cap: number } | null;
  /** Where to look at what the value is made of. */
  evidence: Evidence | null;
  /** Fields whose data links belong to the term. */
  cells: Cell[];
  exemption: Exemption | null;
}

export type Evidence =
  | { url: string }
  /** A query of the data source that answered the terms (`refId`), filtered by the entity. */
  | { refId: string | undefined; query: string; column: string | null; filter: string | null };

export interface Risk {
  title: string;
  severity: Level | null;
  mitigation: string | null;
  /** Title of the term that it comes from. */
  term: string | null;
  since: number | null;
}

export interface Recommendation {
  title: string;
  priority: Level | null;
  effort: Level | null;
  /** Points that come back when it is done. */
  points: number | null;
  term: string | null;
}

/** Somebody decided not to act on it for a while. It never changes a score or a status. */
export interface Exemption {
  owner: string | null;
  /** Milliseconds since the epoch; null where the source has none, or none that can be read. */
  expires: number | null;
  reason: string | null;
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
  /** The score is the highest it can be: a part of it is unknown. Only composites have this. */
  atMost: boolean;
  status: Status;
  /** Why score or status is unknown or what stands behind them; null when there is nothing to say. */
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
  risks: Risk[];
  recommendations: Recommendation[];
  /** Of the whole entity; those of single terms are in the terms. */
  exemption: Exemption | null;
  /** Of a composite, worst first; null for what was scored itself. */
  members: EntityScore[] | null;
  /** Where the row came from. */
  source: { row: number; frame: DataFrame; scoreField?: Field; entityField?: Field } | null;
}

/** An entity of which nothing is known but its name. */
export const unknownEntity = (key: string, entity: string, kind: string | null): EntityScore => ({
  key,
  entity,
  kind,
  score: null,
  atMost: false,
  status: 'unknown',
  reason: null,
  confidence: null,
  calls: null,
  previous: null,
  change: null,
  terms: [],
  trend: [],
  cap: null,
  risks: [],
  recommendations: [],
  exemption: null,
  members: null,
  source: null,
});

export interface ScoreRange {
  min: number;
  max: number;
}

export interface Scorecard {
  entities: EntityScore[];
  /** What is missing or broken in the data, in whole sentences. */
  notices: string[];
  /** Range of a score, from the score field's min and max. */
  range: ScoreRange;
  /** Newest trend point and the usual distance of points, in milliseconds. */
  newest: number | null;
  step: number | null;
  /** Text fields of the scores that entities can be grouped by. */
  groupFields: string[];
  /** True when at least one frame could be read as one of the parts. */
  recognised: boolean;
}
