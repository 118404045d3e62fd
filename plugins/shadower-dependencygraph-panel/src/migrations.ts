import type { PanelModel } from '@grafana/data';
import { parseViewport } from './layout/viewport';
import { DEFAULT_OPTIONS, OPTIONS_VERSION } from './options';
import type { EdgeLabelPart, GraphOptions, Point } from './types';

const LABELS: EdgeLabelPart[] = ['rate', 'errors', 'p95'];

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function oneOf<T extends string>(value: unknown, allowed: readonly T[], fallback: T): T {
  return allowed.find((item) => item === value) ?? fallback;
}

function number(value: unknown, fallback: number, min: number, max = Number.MAX_SAFE_INTEGER): number {
  return typeof value === 'number' && Number.isFinite(value) ? Math.min(max, Math.max(min, value)) : fallback;
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

/**
 * Makes whole options of whatever a dashboard holds (hand-written JSON, provisioning, an older format): unknown values
 * become the default, numbers are held to their limits, broken pinned positions are dropped.
 */
export function normalizeOptions(saved: unknown): GraphOptions {
  const o = isRecord(saved) ? saved : {};
  const d = DEFAULT_OPTIONS;
  return {
    version: OPTIONS_VERSION,
    layout: oneOf(o.layout, ['layered', 'force'], d.layout),
    direction: oneOf(o.direction, ['auto', 'LR', 'TB'], d.direction),
    edgeMetric: oneOf(o.edgeMetric, ['errorRate', 'p95', 'none'], d.edgeMetric),
    edgeLabels: Array.isArray(o.edgeLabels)
      ? LABELS.filter((part) => (o.edgeLabels as unknown[]).includes(part))
      : d.edgeLabels,
    errorRateWarn: number(o.errorRateWarn, d.errorRateWarn, 0, 1),
    errorRateBad: number(o.errorRateBad, d.errorRateBad, 0, 1),
    p95Warn: number(o.p95Warn, d.p95Warn, 0),
    p95Bad: number(o.p95Bad, d.p95Bad, 0),
    scoreHealthy: number(o.scoreHealthy, d.scoreHealthy, 0, 100),
    scoreDegraded: number(o.scoreDegraded, d.scoreDegraded, 0, 100),
    maxNodes: Math.round(number(o.maxNodes, d.maxNodes, 1, 1000)),
    maxEdges: Math.round(number(o.maxEdges, d.maxEdges, 1, 5000)),
    showToolbar: typeof o.showToolbar === 'boolean' ? o.showToolbar : d.showToolbar,
    showLegend: typeof o.showLegend === 'boolean' ? o.showLegend : d.showLegend,
    pinned: positions(o.pinned),
    ...(parseViewport(o.pinnedIn) === undefined ? {} : { pinnedIn: String(o.pinnedIn) }),
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
  return normalizeOptions({ ...panel.options, layout: inner.layoutAlgorithm === 'force' ? 'force' : 'layered' });
}
