/** What the panel saves in a dashboard. Every key has a default (options.ts), so an empty object is a valid panel. */
export interface ScorecardOptions {
  view: ViewChoice;
  sort: SortBy;
  /** Text field of the scores to group by; empty for no groups. */
  groupBy: string;
  /** Groups as sections of their members, or each as one composite that is as bad as its worst member. */
  groupStyle: GroupStyle;
  /** Summary line with status filters, search, sort, groups and views. Without it the summary is there as text. */
  showToolbar: boolean;
  showTrend: boolean;
  showTerms: boolean;
  /** Risks and recommendations. */
  showAdvice: boolean;
  tileSize: TileSize;
  /** What a cell of the matrix says. */
  matrixCell: MatrixCell;
  textSize: TextSize;
  /** `full`: every sparkline spans the whole score range and can be compared; `data`: each spans its own values. */
  trendScale: TrendScale;
  /** Confidence (0–1) below which a score is marked as low-confidence. */
  lowConfidence: number;
  /** Where the status comes from: the data's word for it, else thresholds; or always the score field's thresholds. */
  statusFrom: StatusSource;
  /** Entities that are as bad as the worst of others. */
  composites: CompositeRule[];
  /** Declared exemptions, beside those of an `exemptions` frame. */
  exemptions: ExemptionRule[];
  fields: FieldMapping;
  /** Number fields of the scores that are component scores: terms with a value and a status of their own. */
  componentFields: string[];
}

export const VIEWS = ['card', 'grid', 'matrix', 'leaderboard', 'compare'] as const;
export type ViewName = (typeof VIEWS)[number];
export type ViewChoice = 'auto' | ViewName;

export const SORTS = ['worst', 'best', 'name', 'change', 'confidence'] as const;
export type SortBy = (typeof SORTS)[number];

export const GROUP_STYLES = ['sections', 'composites'] as const;
export type GroupStyle = (typeof GROUP_STYLES)[number];

export const TILE_SIZES = ['auto', 'small', 'large', 'fill'] as const;
export type TileSize = (typeof TILE_SIZES)[number];

export const MATRIX_CELLS = ['lost', 'value'] as const;
export type MatrixCell = (typeof MATRIX_CELLS)[number];

export const TEXT_SIZES = ['normal', 'large', 'wall'] as const;
export type TextSize = (typeof TEXT_SIZES)[number];

export const TREND_SCALES = ['full', 'data'] as const;
export type TrendScale = (typeof TREND_SCALES)[number];

export const STATUS_SOURCES = ['data', 'thresholds'] as const;
export type StatusSource = (typeof STATUS_SOURCES)[number];

/** `members`: names separated by commas; `*` stands for any text. */
export interface CompositeRule {
  name: string;
  members: string;
}

/** `entity` and `term` may hold `*`; an empty term means the whole entity. `expires` is an ISO 8601 date or time. */
export interface ExemptionRule {
  entity: string;
  term: string;
  owner: string;
  expires: string;
  reason: string;
}

/** The columns that each part's frame may have. */
export interface RoleColumns {
  scores: 'entity' | 'kind' | 'score' | 'status' | 'confidence' | 'calls' | 'previous_score' | 'change' | 'time';
  terms:
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
    | 'gate'
    | 'gate_above'
    | 'gate_cap'
    | 'risk'
    | 'severity'
    | 'mitigation'
    | 'priority'
    | 'effort'
    | 'evidence'
    | 'evidence_query'
    | 'evidence_column'
    | 'evidence_filter';
  trend: 'time' | 'entity' | 'kind' | 'score';
  risks: 'entity' | 'kind' | 'risk' | 'severity' | 'mitigation' | 'term' | 'since';
  recommendations: 'entity' | 'kind' | 'recommendation' | 'priority' | 'effort' | 'points' | 'term';
  exemptions: 'entity' | 'kind' | 'term' | 'owner' | 'expires' | 'reason';
}
/** The part a frame plays. */
export type Role = keyof RoleColumns;

/** Field names chosen by the user; what is left out is found by name. */
export type FieldMapping = { [R in Role]?: Partial<Record<RoleColumns[R], string>> };
