import type { GrafanaTheme2 } from '@grafana/data';
import type { Arc, Change, GraphEdge, NodeStatus, Reading } from '../data/model';
import type { EdgeMetric, GraphOptions } from '../types';

export type Severity = 'none' | 'ok' | 'warn' | 'bad';
type Thresholds = Pick<GraphOptions, 'errorRateWarn' | 'errorRateBad' | 'p95Warn' | 'p95Bad'>;

/** Colour of a status, from the theme. */
export function statusColor(status: NodeStatus, theme: GrafanaTheme2): string {
  switch (status) {
    case 'healthy':
      return theme.visualization.getColorByName('green');
    case 'degraded':
      return theme.visualization.getColorByName('orange');
    case 'critical':
      return theme.visualization.getColorByName(theme.isDark ? 'red' : 'dark-red');
    case 'offline':
      return theme.visualization.getColorByName(theme.isDark ? 'light-purple' : 'dark-purple');
    case 'unknown':
      return theme.colors.text.secondary;
  }
}

/** The sign on a badge, readable on the badge's colour. */
export function statusInk(status: NodeStatus, theme: GrafanaTheme2): string {
  return status === 'unknown' ? theme.colors.text.primary : theme.colors.getContrastText(statusColor(status, theme));
}

const NAMED_ARCS: Record<string, NodeStatus> = {
  healthy: 'healthy',
  success: 'healthy',
  ok: 'healthy',
  degraded: 'degraded',
  warning: 'degraded',
  critical: 'critical',
  error: 'critical',
  errors: 'critical',
  failed: 'critical',
  failure: 'critical',
  offline: 'offline',
  unknown: 'unknown',
};

/** The field's configured colour, else the colour of the status the arc is named after, else one of the palette. */
export function arcColor(arc: Arc, index: number, theme: GrafanaTheme2): string {
  if (arc.color !== undefined) {
    return theme.visualization.getColorByName(arc.color);
  }
  const status = NAMED_ARCS[arc.name.toLowerCase()];
  const palette = theme.visualization.palette;
  return status === undefined
    ? theme.visualization.getColorByName(palette[index % palette.length])
    : statusColor(status, theme);
}

export function metricOf(edge: GraphEdge, metric: EdgeMetric): Reading | undefined {
  return metric === 'errorRate' ? edge.metrics.errorRate : metric === 'p95' ? edge.metrics.p95 : undefined;
}

/** How bad an edge is by a metric; `none` when the metric is off or the edge has no reading. */
export function severityOf(edge: GraphEdge, metric: EdgeMetric, thresholds: Thresholds): Severity {
  const value = metricOf(edge, metric)?.value;
  if (value === undefined || metric === 'rate') {
    return 'none';
  }
  const [warn, bad] =
    metric === 'errorRate'
      ? [thresholds.errorRateWarn, thresholds.errorRateBad]
      : [thresholds.p95Warn, thresholds.p95Bad];
  return value >= bad ? 'bad' : value >= warn ? 'warn' : 'ok';
}

export function severityColor(severity: Severity, theme: GrafanaTheme2): string {
  switch (severity) {
    case 'ok':
      return statusColor('healthy', theme);
    case 'warn':
      return statusColor('degraded', theme);
    case 'bad':
      return statusColor('critical', theme);
    case 'none':
      return theme.colors.text.disabled;
  }
}

/** Colour of a change since the previous period. What got worse, or is gone, is what one looks for. */
export function changeColor(change: Change, theme: GrafanaTheme2): string {
  switch (change) {
    case 'new':
      return theme.visualization.getColorByName(theme.isDark ? 'light-blue' : 'dark-blue');
    case 'lost':
      return statusColor('offline', theme);
    case 'worse':
      return statusColor('critical', theme);
    case 'better':
      return statusColor('healthy', theme);
    case 'same':
    case 'unknown':
      return theme.colors.text.disabled;
  }
}

/** From pale to strong blue by a share (0–1) of the busiest edge. */
export function rateColor(share: number, theme: GrafanaTheme2): string {
  const steps = theme.isDark
    ? ['text', 'super-light-blue', 'light-blue', 'blue', 'semi-dark-blue']
    : ['light-blue', 'blue', 'semi-dark-blue', 'dark-blue', 'dark-blue'];
  const step = steps[Math.min(steps.length - 1, Math.floor(share * steps.length))];
  return step === 'text' ? theme.colors.text.disabled : theme.visualization.getColorByName(step);
}
