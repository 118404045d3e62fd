import { type PanelOptionsEditorBuilder } from '@grafana/data';
import {
  type FieldMapping,
  type Role,
  type ScoreColumn,
  type ScorecardOptions,
  type SortBy,
  SORTS,
  type TermColumn,
  type TileSize,
  TILE_SIZES,
  type TrendColumn,
  type TrendScale,
  TREND_SCALES,
  type ViewChoice,
  VIEWS,
} from './types';

export const DEFAULT_OPTIONS: ScorecardOptions = {
  view: 'auto',
  sort: 'worst',
  showToolbar: true,
  showTrend: true,
  showTerms: true,
  tileSize: 'auto',
  trendScale: 'full',
  lowConfidence: 0.5,
  fields: {},
};

export const VIEW_CHOICES: readonly ViewChoice[] = ['auto', ...VIEWS];

const VIEW_LABELS: Record<ViewChoice, string> = { auto: 'Auto', card: 'Cards', grid: 'Grid' };
export const SORT_LABELS: Record<SortBy, string> = { worst: 'Worst first', name: 'Name', change: 'Change' };
const TILE_LABELS: Record<TileSize, string> = { auto: 'Auto', small: 'Small', large: 'Large' };
const SCALE_LABELS: Record<TrendScale, string> = { full: 'Whole score range', data: 'Own values' };

const radio = <T extends string>(values: readonly T[], labels: Record<T, string>) => ({
  options: values.map((value) => ({ value, label: labels[value] })),
});

/** Saved options with every gap filled and every value the panel does not know replaced by its default. */
export function withDefaults(saved: Partial<ScorecardOptions> | undefined): ScorecardOptions {
  const o = saved ?? {};
  const one = <T>(value: T | undefined, of: readonly T[], fallback: T): T =>
    value !== undefined && of.includes(value) ? value : fallback;
  const flag = (value: unknown, fallback: boolean) => (typeof value === 'boolean' ? value : fallback);
  const d = DEFAULT_OPTIONS;
  const low = o.lowConfidence;
  return {
    view: one(o.view, VIEW_CHOICES, d.view),
    sort: one(o.sort, SORTS, d.sort),
    showToolbar: flag(o.showToolbar, d.showToolbar),
    showTrend: flag(o.showTrend, d.showTrend),
    showTerms: flag(o.showTerms, d.showTerms),
    tileSize: one(o.tileSize, TILE_SIZES, d.tileSize),
    trendScale: one(o.trendScale, TREND_SCALES, d.trendScale),
    lowConfidence: typeof low === 'number' && low >= 0 && low <= 1 ? low : d.lowConfidence,
    fields: o.fields && typeof o.fields === 'object' ? o.fields : d.fields,
  };
}

type Column = ScoreColumn | TermColumn | TrendColumn;
const MAPPING: {
  [R in Role]: { title: string; columns: Array<[Column & keyof NonNullable<FieldMapping[R]>, string]> };
} = {
  scores: {
    title: 'Field mapping: scores',
    columns: [
      ['entity', 'Entity'],
      ['score', 'Score'],
      ['status', 'Status'],
      ['kind', 'Kind'],
      ['confidence', 'Confidence'],
      ['calls', 'Calls'],
      ['previous_score', 'Previous score'],
      ['change', 'Change'],
      ['time', 'Time'],
    ],
  },
  terms: {
    title: 'Field mapping: terms',
    columns: [
      ['entity', 'Entity'],
      ['term', 'Term'],
      ['title', 'Title'],
      ['weight', 'Weight'],
      ['value', 'Value'],
      ['unit', 'Unit'],
      ['target', 'Target'],
      ['points_lost', 'Points lost'],
      ['previous_points_lost', 'Previous points lost'],
      ['status', 'Status'],
      ['since', 'Since'],
      ['gate', 'Gate'],
    ],
  },
  trend: {
    title: 'Field mapping: trend',
    columns: [
      ['time', 'Time'],
      ['entity', 'Entity'],
      ['score', 'Score'],
    ],
  },
};

export function buildOptions(builder: PanelOptionsEditorBuilder<ScorecardOptions>): void {
  const view = ['View'];
  builder
    .addRadio({
      path: 'view',
      name: 'View',
      category: view,
      description: 'Auto draws cards while a few entities have room for them, else the grid.',
      defaultValue: DEFAULT_OPTIONS.view,
      settings: radio(VIEW_CHOICES, VIEW_LABELS),
    })
    .addRadio({
      path: 'sort',
      name: 'Order',
      category: view,
      defaultValue: DEFAULT_OPTIONS.sort,
      settings: radio(SORTS, SORT_LABELS),
    })
    .addRadio({
      path: 'tileSize',
      name: 'Tile size',
      category: view,
      description: 'Auto takes large tiles while all of them fit without scrolling.',
      defaultValue: DEFAULT_OPTIONS.tileSize,
      settings: radio(TILE_SIZES, TILE_LABELS),
      showIf: (o) => o.view !== 'card',
    })
    .addBooleanSwitch({
      path: 'showToolbar',
      name: 'Filters',
      category: view,
      description: 'Filter by status, search and sort, where there are many entities and room.',
      defaultValue: DEFAULT_OPTIONS.showToolbar,
    })
    .addBooleanSwitch({ path: 'showTerms', name: 'Terms', category: view, defaultValue: DEFAULT_OPTIONS.showTerms })
    .addBooleanSwitch({ path: 'showTrend', name: 'Trend', category: view, defaultValue: DEFAULT_OPTIONS.showTrend })
    .addRadio({
      path: 'trendScale',
      name: 'Trend scale',
      category: view,
      description: 'The whole score range makes trends comparable; own values show small changes.',
      defaultValue: DEFAULT_OPTIONS.trendScale,
      settings: radio(TREND_SCALES, SCALE_LABELS),
      showIf: (o) => o.showTrend !== false,
    })
    .addSliderInput({
      path: 'lowConfidence',
      name: 'Low confidence below',
      category: view,
      description: 'A score with less confidence (0 to 1) is marked.',
      defaultValue: DEFAULT_OPTIONS.lowConfidence,
      settings: { min: 0, max: 1, step: 0.05 },
    });

  for (const [role, { title, columns }] of Object.entries(MAPPING)) {
    for (const [column, name] of columns) {
      builder.addFieldNamePicker({
        path: `fields.${role}.${column}`,
        name,
        category: [title],
        defaultValue: undefined,
        settings: { placeholderText: `Found by name` },
      });
    }
  }
}
