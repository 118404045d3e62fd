import type { PanelOptionsEditorBuilder, SelectFieldConfigSettings } from '@grafana/data';
import type { GraphOptions } from './types';

/** The format `GraphOptions` is saved in. Raise it together with a step in migrations.ts. */
export const OPTIONS_VERSION = 1;

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
  maxNodes: 300,
  maxEdges: 1000,
  showToolbar: true,
  showLegend: true,
  pinned: {},
};

export const EDGE_METRICS: Array<{ value: GraphOptions['edgeMetric']; label: string; description: string }> = [
  { value: 'errorRate', label: 'Errors', description: 'Colour edges by error rate' },
  { value: 'p95', label: 'p95', description: 'Colour edges by 95th percentile latency' },
  { value: 'none', label: 'None', description: 'One colour for all edges' },
];

/** Declares the editors. Every option has a default, so the panel works with none set. */
export function buildOptions(builder: PanelOptionsEditorBuilder<GraphOptions>): void {
  const layout = ['Layout'];
  const edges = ['Edges'];
  const health = ['Health'];
  const limits = ['Limits'];
  builder
    .addRadio({
      path: 'layout',
      name: 'Layout',
      category: layout,
      defaultValue: DEFAULT_OPTIONS.layout,
      settings: {
        options: [
          { value: 'layered', label: 'Layered', description: 'Callers before what they call' },
          { value: 'force', label: 'Force', description: 'Connected nodes close together' },
        ],
      },
    })
    .addRadio({
      path: 'direction',
      name: 'Direction',
      category: layout,
      defaultValue: DEFAULT_OPTIONS.direction,
      settings: {
        options: [
          { value: 'auto', label: 'Auto', description: 'Whichever shows the graph larger in this panel' },
          { value: 'LR', label: 'Left to right' },
          { value: 'TB', label: 'Top to bottom' },
        ],
      },
      showIf: (options) => options.layout !== 'force',
    })
    .addBooleanSwitch({
      path: 'showToolbar',
      name: 'Toolbar',
      category: layout,
      defaultValue: DEFAULT_OPTIONS.showToolbar,
    })
    .addBooleanSwitch({
      path: 'showLegend',
      name: 'Legend',
      category: layout,
      defaultValue: DEFAULT_OPTIONS.showLegend,
    })
    .addRadio({
      path: 'edgeMetric',
      name: 'Colour by',
      category: edges,
      defaultValue: DEFAULT_OPTIONS.edgeMetric,
      settings: { options: EDGE_METRICS },
    })
    .addMultiSelect<unknown, SelectFieldConfigSettings<unknown>>({
      path: 'edgeLabels',
      name: 'Labels',
      description: 'Values without a reading are left out of a label.',
      category: edges,
      defaultValue: DEFAULT_OPTIONS.edgeLabels,
      settings: {
        options: [
          { value: 'rate', label: 'Rate' },
          { value: 'errors', label: 'Error rate' },
          { value: 'p95', label: 'p95' },
        ],
      },
    })
    .addNumberInput({
      path: 'errorRateWarn',
      name: 'Error rate: warning from',
      description: 'A share: 0.01 is 1 %.',
      category: edges,
      defaultValue: DEFAULT_OPTIONS.errorRateWarn,
      settings: { min: 0, max: 1, step: 0.01 },
    })
    .addNumberInput({
      path: 'errorRateBad',
      name: 'Error rate: critical from',
      description: 'A share: 0.05 is 5 %.',
      category: edges,
      defaultValue: DEFAULT_OPTIONS.errorRateBad,
      settings: { min: 0, max: 1, step: 0.01 },
    })
    .addNumberInput({
      path: 'p95Warn',
      name: 'p95: warning from (ms)',
      category: edges,
      defaultValue: DEFAULT_OPTIONS.p95Warn,
      settings: { min: 0 },
    })
    .addNumberInput({
      path: 'p95Bad',
      name: 'p95: critical from (ms)',
      category: edges,
      defaultValue: DEFAULT_OPTIONS.p95Bad,
      settings: { min: 0 },
    })
    .addNumberInput({
      path: 'scoreHealthy',
      name: 'Healthy from score',
      description: 'Used for nodes that have a score and no status.',
      category: health,
      defaultValue: DEFAULT_OPTIONS.scoreHealthy,
      settings: { min: 0, max: 100 },
    })
    .addNumberInput({
      path: 'scoreDegraded',
      name: 'Degraded from score',
      description: 'Below it a node is critical. Used for nodes that have a score and no status.',
      category: health,
      defaultValue: DEFAULT_OPTIONS.scoreDegraded,
      settings: { min: 0, max: 100 },
    })
    .addNumberInput({
      path: 'maxNodes',
      name: 'Nodes drawn at most',
      description: 'The least healthy and best connected nodes are kept. The panel says how many it hides.',
      category: limits,
      defaultValue: DEFAULT_OPTIONS.maxNodes,
      settings: { min: 1, max: 1000, integer: true },
    })
    .addNumberInput({
      path: 'maxEdges',
      name: 'Edges drawn at most',
      category: limits,
      defaultValue: DEFAULT_OPTIONS.maxEdges,
      settings: { min: 1, max: 5000, integer: true },
    });
}
