import { type PanelOptionsEditorBuilder, type SelectFieldConfigSettings } from '@grafana/data';
import { RecordsEditor, type RecordsSettings } from './components/RecordsEditor';
import { COLUMN_NAMES } from './data/frames';
import { t } from './i18n';
import {
  type CompositeRule,
  type ExemptionRule,
  GROUP_STYLES,
  MATRIX_CELLS,
  type Role,
  type ScorecardOptions,
  type SortBy,
  SORTS,
  STATUS_SOURCES,
  TEXT_SIZES,
  type TextSize,
  TILE_SIZES,
  TREND_SCALES,
  type ViewChoice,
  VIEWS,
} from './types';

export const DEFAULT_OPTIONS: ScorecardOptions = {
  view: 'auto',
  sort: 'worst',
  groupBy: '',
  groupStyle: 'sections',
  showToolbar: true,
  showTrend: true,
  showTerms: true,
  showAdvice: true,
  tileSize: 'auto',
  matrixCell: 'lost',
  textSize: 'normal',
  trendScale: 'full',
  lowConfidence: 0.5,
  statusFrom: 'data',
  composites: [],
  exemptions: [],
  fields: {},
  componentFields: [],
};

export const VIEW_CHOICES: readonly ViewChoice[] = ['auto', ...VIEWS];

/** How much larger everything is drawn: at a desk, across a room, on a wall. */
export const TEXT_ZOOM: Record<TextSize, number> = { normal: 1, large: 1.5, wall: 2.25 };

export function viewLabel(view: ViewChoice): string {
  switch (view) {
    case 'auto':
      return t('view.auto', 'Auto');
    case 'card':
      return t('view.card', 'Cards');
    case 'grid':
      return t('view.grid', 'Grid');
    case 'matrix':
      return t('view.matrix', 'Matrix');
    case 'leaderboard':
      return t('view.leaderboard', 'Leaderboard');
    case 'compare':
      return t('view.compare', 'Comparison');
  }
}

export function sortLabel(sort: SortBy): string {
  switch (sort) {
    case 'worst':
      return t('sort.worst', 'Worst first');
    case 'best':
      return t('sort.best', 'Best first');
    case 'name':
      return t('sort.name', 'Name');
    case 'change':
      return t('sort.change', 'Change');
    case 'confidence':
      return t('sort.confidence', 'Least certain first');
  }
}

/** Saved options with every gap filled and every value the panel does not know replaced by its default. */
export function withDefaults(saved: Partial<ScorecardOptions> | undefined): ScorecardOptions {
  const o = saved ?? {};
  const one = <T>(value: T | undefined, of: readonly T[], fallback: T): T =>
    value !== undefined && of.includes(value) ? value : fallback;
  const flag = (value: unknown, fallback: boolean) => (typeof value === 'boolean' ? value : fallback);
  const text = (value: unknown) => (typeof value === 'string' ? value : '');
  const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
  const record = (value: unknown) => (value && typeof value === 'object' ? (value as Record<string, unknown>) : {});
  const d = DEFAULT_OPTIONS;
  const low = o.lowConfidence;
  return {
    view: one(o.view, VIEW_CHOICES, d.view),
    sort: one(o.sort, SORTS, d.sort),
    groupBy: text(o.groupBy),
    groupStyle: one(o.groupStyle, GROUP_STYLES, d.groupStyle),
    showToolbar: flag(o.showToolbar, d.showToolbar),
    showTrend: flag(o.showTrend, d.showTrend),
    showTerms: flag(o.showTerms, d.showTerms),
    showAdvice: flag(o.showAdvice, d.showAdvice),
    tileSize: one(o.tileSize, TILE_SIZES, d.tileSize),
    matrixCell: one(o.matrixCell, MATRIX_CELLS, d.matrixCell),
    textSize: one(o.textSize, TEXT_SIZES, d.textSize),
    trendScale: one(o.trendScale, TREND_SCALES, d.trendScale),
    lowConfidence: typeof low === 'number' && low >= 0 && low <= 1 ? low : d.lowConfidence,
    statusFrom: one(o.statusFrom, STATUS_SOURCES, d.statusFrom),
    composites: list(o.composites)
      .map(record)
      .map((x): CompositeRule => ({ name: text(x.name), members: text(x.members) })),
    exemptions: list(o.exemptions)
      .map(record)
      .map((x): ExemptionRule => ({
        entity: text(x.entity),
        term: text(x.term),
        owner: text(x.owner),
        expires: text(x.expires),
        reason: text(x.reason),
      })),
    fields: o.fields && typeof o.fields === 'object' ? o.fields : d.fields,
    componentFields: list(o.componentFields).filter((x) => typeof x === 'string'),
  };
}

export function buildOptions(builder: PanelOptionsEditorBuilder<ScorecardOptions>): void {
  addViewOptions(builder);
  addTextOptions(builder);
  addRuleOptions(builder);
  addFieldOptions(builder);
}

function addViewOptions(builder: PanelOptionsEditorBuilder<ScorecardOptions>): void {
  const category = [t('options.view', 'View')];
  builder
    .addSelect({
      path: 'view',
      name: t('options.view', 'View'),
      category,
      description: t('options.view-hint', 'Auto draws cards while a few entities have room for them, else the grid.'),
      defaultValue: DEFAULT_OPTIONS.view,
      settings: { options: VIEW_CHOICES.map((value) => ({ value, label: viewLabel(value) })) },
    })
    .addSelect({
      path: 'sort',
      name: t('options.sort', 'Order'),
      category,
      defaultValue: DEFAULT_OPTIONS.sort,
      settings: { options: SORTS.map((value) => ({ value, label: sortLabel(value) })) },
    })
    .addFieldNamePicker({
      path: 'groupBy',
      name: t('options.group', 'Group by'),
      category,
      description: t('options.group-hint', 'A text field of the scores. A group is as bad as its worst member.'),
      settings: { placeholderText: t('options.no-group', 'No groups') },
    })
    .addRadio({
      path: 'groupStyle',
      name: t('options.group-style', 'Groups'),
      category,
      defaultValue: DEFAULT_OPTIONS.groupStyle,
      settings: {
        options: [
          { value: 'sections', label: t('options.sections', 'Sections') },
          { value: 'composites', label: t('options.composites-style', 'One each') },
        ],
      },
      showIf: (o) => Boolean(o.groupBy),
    })
    .addRadio({
      path: 'tileSize',
      name: t('options.tile', 'Tile size'),
      category,
      description: t(
        'options.tile-hint',
        'Auto takes large tiles while all of them fit without scrolling. Fill makes them as large as the panel.'
      ),
      defaultValue: DEFAULT_OPTIONS.tileSize,
      settings: {
        options: [
          { value: 'auto', label: t('options.auto', 'Auto') },
          { value: 'small', label: t('options.small', 'Small') },
          { value: 'large', label: t('options.large', 'Large') },
          { value: 'fill', label: t('options.fill', 'Fill') },
        ],
      },
      showIf: (o) => ['auto', 'grid', undefined].includes(o.view),
    })
    .addRadio({
      path: 'matrixCell',
      name: t('options.cell', 'Matrix shows'),
      category,
      defaultValue: DEFAULT_OPTIONS.matrixCell,
      settings: {
        options: [
          { value: 'lost', label: t('terms.lost', 'Points lost') },
          { value: 'value', label: t('terms.value', 'Value') },
        ],
      },
    })
    .addBooleanSwitch({
      path: 'showToolbar',
      name: t('options.toolbar', 'Filters'),
      category,
      description: t(
        'options.toolbar-hint',
        'Filter by status, search, view, sort and groups, where there are many entities and room.'
      ),
      defaultValue: DEFAULT_OPTIONS.showToolbar,
    });
}

function addTextOptions(builder: PanelOptionsEditorBuilder<ScorecardOptions>): void {
  const category = [t('options.content', 'Content')];
  builder
    .addRadio({
      path: 'textSize',
      name: t('options.text', 'Text size'),
      category,
      description: t('options.text-hint', 'Wall can be read from the other end of the room.'),
      defaultValue: DEFAULT_OPTIONS.textSize,
      settings: {
        options: [
          { value: 'normal', label: t('options.normal', 'Normal') },
          { value: 'large', label: t('options.large', 'Large') },
          { value: 'wall', label: t('options.wall', 'Wall') },
        ],
      },
    })
    .addBooleanSwitch({
      path: 'showTerms',
      name: t('options.terms', 'Terms'),
      category,
      defaultValue: DEFAULT_OPTIONS.showTerms,
    })
    .addBooleanSwitch({
      path: 'showAdvice',
      name: t('options.advice', 'Risks and recommendations'),
      category,
      defaultValue: DEFAULT_OPTIONS.showAdvice,
    })
    .addBooleanSwitch({
      path: 'showTrend',
      name: t('options.trend', 'Trend'),
      category,
      defaultValue: DEFAULT_OPTIONS.showTrend,
    })
    .addRadio({
      path: 'trendScale',
      name: t('options.scale', 'Trend scale'),
      category,
      description: t(
        'options.scale-hint',
        'The whole score range makes trends comparable; own values show small changes.'
      ),
      defaultValue: DEFAULT_OPTIONS.trendScale,
      settings: {
        options: [
          { value: 'full', label: t('options.scale-full', 'Whole score range') },
          { value: 'data', label: t('options.scale-own', 'Own values') },
        ],
      },
      showIf: (o) => o.showTrend !== false,
    })
    .addSliderInput({
      path: 'lowConfidence',
      name: t('options.confidence', 'Low confidence below'),
      category,
      description: t('options.confidence-hint', 'A score with less confidence (0 to 1) is marked.'),
      defaultValue: DEFAULT_OPTIONS.lowConfidence,
      settings: { min: 0, max: 1, step: 0.05 },
    })
    .addRadio({
      path: 'statusFrom',
      name: t('options.status', 'Status'),
      category,
      description: t(
        'options.status-hint',
        "The data's own word, and thresholds where it has none; or always the thresholds of the score."
      ),
      defaultValue: DEFAULT_OPTIONS.statusFrom,
      settings: {
        options: [
          { value: 'data', label: t('options.status-data', 'From the data') },
          { value: 'thresholds', label: t('options.status-thresholds', 'From thresholds') },
        ],
      },
    });
}

function addRuleOptions(builder: PanelOptionsEditorBuilder<ScorecardOptions>): void {
  const category = [t('options.rules', 'Composites and exemptions')];
  builder
    .addCustomEditor<RecordsSettings, CompositeRule[]>({
      id: 'composites',
      path: 'composites',
      name: t('options.composites', 'Composites'),
      category,
      description: t(
        'options.composites-hint',
        'Entities that are as bad as the worst of their members: names separated by commas, * stands for any text.'
      ),
      editor: RecordsEditor,
      defaultValue: DEFAULT_OPTIONS.composites,
      settings: {
        add: t('options.add-composite', 'Add composite'),
        columns: [
          { key: 'name', label: t('options.name', 'Name'), placeholder: 'Checkout' },
          { key: 'members', label: t('options.members', 'Members'), placeholder: 'payments-*, cart' },
        ],
      },
    })
    .addCustomEditor<RecordsSettings, ExemptionRule[]>({
      id: 'exemptions',
      path: 'exemptions',
      name: t('options.exemptions', 'Exemptions'),
      category,
      description: t(
        'options.exemptions-hint',
        'Shown with owner and expiry; an expired one is shown as expired. They never change a score or a status. Times are UTC.'
      ),
      editor: RecordsEditor,
      defaultValue: DEFAULT_OPTIONS.exemptions,
      settings: {
        add: t('options.add-exemption', 'Add exemption'),
        columns: [
          { key: 'entity', label: t('terms.entity', 'Entity'), placeholder: 'payments-*' },
          { key: 'term', label: t('terms.term', 'Term'), placeholder: t('options.whole', 'The whole entity') },
          { key: 'owner', label: t('options.owner', 'Owner') },
          { key: 'expires', label: t('options.expires', 'Expires'), type: 'datetime-local' },
          { key: 'reason', label: t('options.reason', 'Reason') },
        ],
      },
    });
}

/** "Previous score" for `previous_score`: column names are the contract's, and stay as the data frames have them. */
const columnTitle = (column: string): string => (column.charAt(0).toUpperCase() + column.slice(1)).replaceAll('_', ' ');

function addFieldOptions(builder: PanelOptionsEditorBuilder<ScorecardOptions>): void {
  for (const role of Object.keys(COLUMN_NAMES) as Role[]) {
    const category = [t('options.mapping', 'Field mapping: {{role}}', { role })];
    for (const column of Object.keys(COLUMN_NAMES[role])) {
      builder.addFieldNamePicker({
        path: `fields.${role}.${column}`,
        name: columnTitle(column),
        category,
        defaultValue: undefined,
        settings: { placeholderText: t('options.by-name', 'Found by name') },
      });
    }
    if (role === 'scores') {
      builder.addMultiSelect<string, SelectFieldConfigSettings<string>>({
        path: 'componentFields',
        name: t('options.components', 'Component scores'),
        category,
        description: t(
          'options.components-hint',
          "Number fields that are scores of their own, judged by their own thresholds: the matrix's columns."
        ),
        defaultValue: DEFAULT_OPTIONS.componentFields as never,
        settings: {
          options: [],
          getOptions: (context) =>
            Promise.resolve(
              context.data
                .flatMap((frame) => frame.fields.filter((f) => f.type === 'number').map((f) => f.name))
                .filter((name, i, all) => all.indexOf(name) === i)
                .map((value) => ({ value, label: value }))
            ),
        },
      });
    }
  }
}
