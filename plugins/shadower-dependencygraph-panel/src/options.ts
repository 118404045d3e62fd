import type { PanelOptionsEditorBuilder, SelectFieldConfigSettings } from '@grafana/data';
import { t } from '@grafana/i18n';
import { groupColumns } from './data/buildGraph';
import type { EdgeMetric, GraphOptions, LayoutAlgorithm } from './types';

/** The format `GraphOptions` is saved in. Raise it together with a step in migrations.ts. */
export const OPTIONS_VERSION = 2;

/** The highest limits that can be set: what a browser still draws fluently. */
export const LIMITS = { nodes: 5000, edges: 15_000 };

export const DEFAULT_OPTIONS: GraphOptions = {
  version: OPTIONS_VERSION,
  layout: 'layered',
  direction: 'auto',
  edgeMetric: 'errorRate',
  edgeLabels: ['rate', 'errors'],
  errorRateWarn: 0.01,
  errorRateBad: 0.05,
  p95Warn: 500,
  p95Bad: 1000,
  scoreHealthy: 90,
  scoreDegraded: 70,
  groupBy: 'auto',
  collapsed: [],
  maxNodes: 2000,
  maxEdges: 6000,
  animate: true,
  compare: false,
  variable: '',
  showToolbar: true,
  showLegend: true,
  showMinimap: true,
  pinned: {},
};

interface Choice<T> {
  value: T;
  label: string;
  description?: string;
}

export function layoutChoices(): Array<Choice<LayoutAlgorithm>> {
  return [
    {
      value: 'layered',
      label: t('options.layout.layered', 'Layered'),
      description: t('options.layout.layered-hint', 'Callers before what they call'),
    },
    {
      value: 'force',
      label: t('options.layout.force', 'Force'),
      description: t('options.layout.force-hint', 'Connected nodes close together'),
    },
    {
      value: 'radial',
      label: t('options.layout.radial', 'Radial'),
      description: t('options.layout.radial-hint', 'Rings around the main entry, one hop each'),
    },
    {
      value: 'grouped',
      label: t('options.layout.grouped', 'Grouped'),
      description: t('options.layout.grouped-hint', 'A box for every group'),
    },
    {
      value: 'geographic',
      label: t('options.layout.geographic', 'Geographic'),
      description: t('options.layout.geographic-hint', 'By the fields latitude and longitude'),
    },
  ];
}

export function edgeMetrics(): Array<Choice<EdgeMetric>> {
  return [
    {
      value: 'errorRate',
      label: t('options.metric.errors', 'Errors'),
      description: t('options.metric.errors-hint', 'Colour edges by error rate'),
    },
    {
      value: 'p95',
      label: t('options.metric.p95', 'p95'),
      description: t('options.metric.p95-hint', 'Colour edges by 95th percentile latency'),
    },
    {
      value: 'rate',
      label: t('options.metric.rate', 'Rate'),
      description: t('options.metric.rate-hint', 'Colour edges by rate, pale to strong'),
    },
    {
      value: 'none',
      label: t('options.metric.none', 'None'),
      description: t('options.metric.none-hint', 'One colour for all edges'),
    },
  ];
}

/** Declares the editors. Every option has a default, so the panel works with none set. */
export function buildOptions(builder: PanelOptionsEditorBuilder<GraphOptions>): void {
  layoutOptions(builder);
  edgeOptions(builder);
  focusOptions(builder);
  limitOptions(builder);
}

function layoutOptions(builder: PanelOptionsEditorBuilder<GraphOptions>): void {
  const category = [t('options.category.layout', 'Layout')];
  builder
    .addSelect({
      path: 'layout',
      name: t('options.layout.name', 'Layout'),
      category,
      defaultValue: DEFAULT_OPTIONS.layout,
      settings: { options: layoutChoices() },
    })
    .addRadio({
      path: 'direction',
      name: t('options.direction.name', 'Direction'),
      category,
      defaultValue: DEFAULT_OPTIONS.direction,
      settings: {
        options: [
          {
            value: 'auto',
            label: t('options.direction.auto', 'Auto'),
            description: t('options.direction.auto-hint', 'Whichever shows the graph larger in this panel'),
          },
          { value: 'LR', label: t('options.direction.lr', 'Left to right') },
          { value: 'TB', label: t('options.direction.tb', 'Top to bottom') },
        ],
      },
      showIf: (options) => options.layout === 'layered' || options.layout === 'grouped',
    })
    .addSelect<string, SelectFieldConfigSettings<string>>({
      path: 'groupBy',
      name: t('options.group-by.name', 'Group by'),
      description: t('options.group-by.hint', 'A text field of the nodes. Groups can be collapsed into one node.'),
      category,
      defaultValue: DEFAULT_OPTIONS.groupBy,
      settings: {
        options: [],
        allowCustomValue: true,
        getOptions: (context) =>
          Promise.resolve([
            { value: 'auto', label: t('options.group-by.auto', 'Auto') },
            { value: '', label: t('options.group-by.none', 'None') },
            ...groupColumns(context.data).map((name) => ({ value: name, label: name })),
          ]),
      },
    })
    .addBooleanSwitch({
      path: 'showToolbar',
      name: t('options.toolbar', 'Toolbar'),
      category,
      defaultValue: DEFAULT_OPTIONS.showToolbar,
    })
    .addBooleanSwitch({
      path: 'showLegend',
      name: t('options.legend', 'Legend'),
      category,
      defaultValue: DEFAULT_OPTIONS.showLegend,
    })
    .addBooleanSwitch({
      path: 'showMinimap',
      name: t('options.minimap.name', 'Minimap'),
      description: t('options.minimap.hint', 'Shown while only a part of the graph is in view.'),
      category,
      defaultValue: DEFAULT_OPTIONS.showMinimap,
    });
}

function edgeOptions(builder: PanelOptionsEditorBuilder<GraphOptions>): void {
  const category = [t('options.category.edges', 'Edges')];
  builder
    .addRadio({
      path: 'edgeMetric',
      name: t('options.metric.name', 'Colour by'),
      category,
      defaultValue: DEFAULT_OPTIONS.edgeMetric,
      settings: { options: edgeMetrics() },
    })
    .addMultiSelect<unknown, SelectFieldConfigSettings<unknown>>({
      path: 'edgeLabels',
      name: t('options.labels.name', 'Labels'),
      description: t('options.labels.hint', 'Values without a reading are left out of a label.'),
      category,
      defaultValue: DEFAULT_OPTIONS.edgeLabels,
      settings: {
        options: [
          { value: 'rate', label: t('options.labels.rate', 'Rate') },
          { value: 'errors', label: t('options.labels.errors', 'Error rate') },
          { value: 'p95', label: t('options.labels.p95', 'p95') },
        ],
      },
    })
    .addBooleanSwitch({
      path: 'animate',
      name: t('options.animate.name', 'Traffic animation'),
      description: t(
        'options.animate.hint',
        'Dots run along edges, faster with more traffic. Off for viewers who prefer reduced motion, and for large graphs.'
      ),
      category,
      defaultValue: DEFAULT_OPTIONS.animate,
    })
    .addBooleanSwitch({
      path: 'compare',
      name: t('options.compare.name', 'Compare with the previous period'),
      description: t('options.compare.hint', 'Where the data has one: marks what is new, lost, worse or better.'),
      category,
      defaultValue: DEFAULT_OPTIONS.compare,
    })
    .addNumberInput({
      path: 'errorRateWarn',
      name: t('options.error-warn.name', 'Error rate: warning from'),
      description: t('options.error-warn.hint', 'A share: 0.01 is 1 %.'),
      category,
      defaultValue: DEFAULT_OPTIONS.errorRateWarn,
      settings: { min: 0, max: 1, step: 0.01 },
    })
    .addNumberInput({
      path: 'errorRateBad',
      name: t('options.error-bad.name', 'Error rate: critical from'),
      description: t('options.error-bad.hint', 'A share: 0.05 is 5 %.'),
      category,
      defaultValue: DEFAULT_OPTIONS.errorRateBad,
      settings: { min: 0, max: 1, step: 0.01 },
    })
    .addNumberInput({
      path: 'p95Warn',
      name: t('options.p95-warn', 'p95: warning from (ms)'),
      category,
      defaultValue: DEFAULT_OPTIONS.p95Warn,
      settings: { min: 0 },
    })
    .addNumberInput({
      path: 'p95Bad',
      name: t('options.p95-bad', 'p95: critical from (ms)'),
      category,
      defaultValue: DEFAULT_OPTIONS.p95Bad,
      settings: { min: 0 },
    });
}

function focusOptions(builder: PanelOptionsEditorBuilder<GraphOptions>): void {
  builder.addTextInput({
    path: 'variable',
    name: t('options.variable.name', 'Set variable'),
    description: t('options.variable.hint', 'Name of a dashboard variable that a click on a node sets to its id.'),
    category: [t('options.category.focus', 'Focus')],
    defaultValue: DEFAULT_OPTIONS.variable,
  });
}

function limitOptions(builder: PanelOptionsEditorBuilder<GraphOptions>): void {
  const health = [t('options.category.health', 'Health')];
  const limits = [t('options.category.limits', 'Limits')];
  builder
    .addNumberInput({
      path: 'scoreHealthy',
      name: t('options.healthy.name', 'Healthy from score'),
      description: t('options.healthy.hint', 'Used for nodes that have a score and no status.'),
      category: health,
      defaultValue: DEFAULT_OPTIONS.scoreHealthy,
      settings: { min: 0, max: 100 },
    })
    .addNumberInput({
      path: 'scoreDegraded',
      name: t('options.degraded.name', 'Degraded from score'),
      description: t(
        'options.degraded.hint',
        'Below it a node is critical. Used for nodes that have a score and no status.'
      ),
      category: health,
      defaultValue: DEFAULT_OPTIONS.scoreDegraded,
      settings: { min: 0, max: 100 },
    })
    .addNumberInput({
      path: 'maxNodes',
      name: t('options.max-nodes.name', 'Nodes drawn at most'),
      description: t(
        'options.max-nodes.hint',
        'Larger graphs are drawn as groups that can be opened. The panel says so, and what it hides.'
      ),
      category: limits,
      defaultValue: DEFAULT_OPTIONS.maxNodes,
      settings: { min: 1, max: LIMITS.nodes, integer: true },
    })
    .addNumberInput({
      path: 'maxEdges',
      name: t('options.max-edges.name', 'Edges drawn at most'),
      category: limits,
      defaultValue: DEFAULT_OPTIONS.maxEdges,
      settings: { min: 1, max: LIMITS.edges, integer: true },
    });
}
