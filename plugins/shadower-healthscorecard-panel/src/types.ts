/** What the panel saves in a dashboard. Every key has a default (options.ts), so an empty object is a valid panel. */
export interface ScorecardOptions {
  view: ViewChoice;
  sort: SortBy;
  /** Summary line with status filters, search and sort. Without it the summary is still there as text. */
  showToolbar: boolean;
  showTrend: boolean;
  showTerms: boolean;
  tileSize: TileSize;
  /** `full`: every sparkline spans the whole score range and can be compared; `data`: each spans its own values. */
  trendScale: TrendScale;
  /** Confidence (0–1) below which a score is marked as low-confidence. */
  lowConfidence: number;
  fields: FieldMapping;
}

export const VIEWS = ['card', 'grid'] as const;
export type ViewName = (typeof VIEWS)[number];
export type ViewChoice = 'auto' | ViewName;

export const SORTS = ['worst', 'name', 'change'] as const;
export type SortBy = (typeof SORTS)[number];

export const TILE_SIZES = ['auto', 'small', 'large'] as const;
export type TileSize = (typeof TILE_SIZES)[number];

export const TREND_SCALES = ['full', 'data'] as const;
export type TrendScale = (typeof TREND_SCALES)[number];

/** The part a frame plays. */
export type Role = 'scores' | 'terms' | 'trend';

export type ScoreColumn =
  'entity' | 'kind' | 'score' | 'status' | 'confidence' | 'calls' | 'previous_score' | 'change' | 'time';
export type TermColumn =
  | 'entity'
  | 'kind'
  | 'term'
  | 'title'
  | 'weight'
  | 'value'
  | 'unit'
  | 'target'
  | 'points_lost'
  | 'previous_points_lost'
  | 'status'
  | 'since'
  | 'gate';
export type TrendColumn = 'time' | 'entity' | 'kind' | 'score';

/** Field names chosen by the user; what is left out is found by name. */
export interface FieldMapping {
  scores?: Partial<Record<ScoreColumn, string>>;
  terms?: Partial<Record<TermColumn, string>>;
  trend?: Partial<Record<TrendColumn, string>>;
}
