import type { PanelModel } from '@grafana/data';
import { parseViewport } from './layout/viewport';
import { DEFAULT_OPTIONS, LIMITS, OPTIONS_VERSION } from './options';
import type { EdgeLabelPart, GraphOptions, LayoutAlgorithm, Pins, Point } from './types';

const LABELS: EdgeLabelPart[] = ['rate', 'errors', 'p95'];
export const LAYOUTS: LayoutAlgorithm[] = ['layered', 'force', 'radial', 'geographic', 'grouped'];

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function oneOf<T extends string>(value: unknown, allowed: readonly T[], fallback: T): T {
  return allowed.find((item) => item === value) ?? fallback;
}

function number(value: unknown, fallback: number, min: number, max = Number.MAX_SAFE_INTEGER): number {
  return typeof value === 'number' && Number.isFinite(value) ? Math.min(max, Math.max(min, value)) : fallback;
}

function flag(value: unknown, fallback: boolean): boolean {
  return typeof value === 'boolean' ? value : fallback;
}

function text(value: unknown, fallback: string): string {
  return typeof value === 'string' ? value : fallback;
}

function positions(value: unknown): Record<string, Point> {
  const entries: Array<[string, Point]> = [];
  for (const [id, at] of Object.entries(isRecord(value) ? value : {})) {
    if (isRecord(at) && Number.isFinite(at.x) && Number.isFinite(at.y)) {
      entries.push([id, { x: Number(at.x), y: Number(at.y) }]);
    }
  }
  return Object.fromEntries(entries);
}

function pins(saved: unknown): GraphOptions['pinned'] {
  const result: GraphOptions['pinned'] = {};
  for (const layout of LAYOUTS) {
    const one = isRecord(saved) ? saved[layout] : undefined;
    const at = isRecord(one) ? positions(one.at) : {};
    if (isRecord(one) && Object.keys(at).length > 0) {
      const of: Pins = { at };
      if (parseViewport(one.in) !== undefined) {
        of.in = String(one.in);
      }
      result[layout] = of;
    }
  }
  return result;
}

/** Version 1 had one set of positions for all layouts; it belongs to the one that was chosen. */
function fromVersion1(saved: Record<string, unknown>): Record<string, unknown> {
  const { pinned, pinnedIn, ...rest } = saved;
  const layout = oneOf(saved.layout, LAYOUTS, DEFAULT_OPTIONS.layout);
  return { ...rest, pinned: { [layout]: { at: pinned, in: pinnedIn } } };
}

/**
 * Makes whole options of whatever a dashboard holds (hand-written JSON, provisioning, an older format): unknown values
 * become the default, numbers are held to their limits, broken pinned positions are dropped.
 */
export function normalizeOptions(saved: unknown): GraphOptions {
  const any = isRecord(saved) ? saved : {};
  const o = any.version === 1 ? fromVersion1(any) : any;
  const d = DEFAULT_OPTIONS;
  return {
    version: OPTIONS_VERSION,
    layout: oneOf(o.layout, LAYOUTS, d.layout),
    direction: oneOf(o.direction, ['auto', 'LR', 'TB'], d.direction),
    edgeMetric: oneOf(o.edgeMetric, ['errorRate', 'p95', 'rate', 'none'], d.edgeMetric),
    edgeLabels: Array.isArray(o.edgeLabels)
      ? LABELS.filter((part) => (o.edgeLabels as unknown[]).includes(part))
      : d.edgeLabels,
    errorRateWarn: number(o.errorRateWarn, d.errorRateWarn, 0, 1),
    errorRateBad: number(o.errorRateBad, d.errorRateBad, 0, 1),
    p95Warn: number(o.p95Warn, d.p95Warn, 0),
    p95Bad: number(o.p95Bad, d.p95Bad, 0),
    scoreHealthy: number(o.scoreHealthy, d.scoreHealthy, 0, 100),
    scoreDegraded: number(o.scoreDegraded, d.scoreDegraded, 0, 100),
    groupBy: text(o.groupBy, d.groupBy),
    collapsed: Array.isArray(o.collapsed) ? o.collapsed.filter((name) => typeof name === 'string') : d.collapsed,
    maxNodes: Math.round(number(o.maxNodes, d.maxNodes, 1, LIMITS.nodes)),
    maxEdges: Math.round(number(o.maxEdges, d.maxEdges, 1, LIMITS.edges)),
    animate: flag(o.animate, d.animate),
    compare: flag(o.compare, d.compare),
    variable: text(o.variable, d.variable).replace(/^\$|^var-/, ''),
    showToolbar: flag(o.showToolbar, d.showToolbar),
    showLegend: flag(o.showLegend, d.showLegend),
    showMinimap: flag(o.showMinimap, d.showMinimap),
    pinned: pins(o.pinned),
  };
}

/** Grafana calls this when a dashboard with an older plugin version is opened. */
export function migrateOptions(panel: Pick<PanelModel<GraphOptions>, 'options'>): GraphOptions {
  return normalizeOptions(panel.options);
}

/** Grafana calls this when a panel changes its type to ours: what Grafana's node graph was set to is kept. */
export function takeOver(
  panel: Pick<PanelModel<GraphOptions>, 'options'>,
  previousPlugin: string,
  previousOptions: unknown
): GraphOptions {
  if (previousPlugin !== 'nodeGraph' || !isRecord(previousOptions)) {
    return normalizeOptions(panel.options);
  }
  const inner = isRecord(previousOptions.nodeGraph) ? previousOptions.nodeGraph : previousOptions;
  const layout = inner.layoutAlgorithm === 'force' ? 'force' : inner.layoutAlgorithm === 'grid' ? 'grouped' : 'layered';
  return normalizeOptions({ ...panel.options, layout });
}
