import type { GrafanaTheme2 } from '@grafana/data';
import type { Lit } from '../analysis/graphs';
import type { Change, GraphEdge, GraphModel } from '../data/model';
import type { Selection } from '../selection';
import type { GraphOptions, Point } from '../types';
import { changeColor, rateColor, type Severity, severityColor, severityOf } from './colors';
import { edgeLabel } from './describe';
import type { Title } from './labels';
import type { Placement } from './placement';

/** How an edge looks. Depends on metrics and options. */
export interface EdgeStyle {
  color: string;
  width: number;
  label: string;
  severity: Severity;
  /** Only while comparing. */
  change?: Change;
}

/** All that is drawn, but for the point of view. */
export interface Scene {
  model: GraphModel;
  placement: Placement;
  edges: ReadonlyMap<string, EdgeStyle>;
  titles: ReadonlyMap<string, Title>;
  labels: ReadonlyMap<string, Point>;
  textScale: number;
  theme: GrafanaTheme2;
  /** Drawn at full strength; all is when undefined. */
  lit: Lit | undefined;
  selection: Selection | undefined;
  matches: ReadonlySet<string>;
  /** Nodes that a filter leaves out, with their edges. */
  hidden: ReadonlySet<string>;
  /** Marks changes since the previous period, and draws what was lost. */
  comparing: boolean;
}

/** Signs before the label of an edge that changed: read without colour. */
const CHANGE_SIGNS: Partial<Record<Change, string>> = { new: '＋', lost: '✕', worse: '▲', better: '▼' };

/** Colours, widths and labels of all edges. Width grows with the logarithm of the rate, relative to the busiest edge. */
export function styleEdges(
  model: GraphModel,
  options: GraphOptions,
  comparing: boolean,
  theme: GrafanaTheme2
): Map<string, EdgeStyle> {
  const busiest = model.edges.reduce((max, edge) => Math.max(max, edge.metrics.rate?.value ?? 0), 0);
  const share = (edge: GraphEdge) =>
    busiest > 0 ? Math.log1p(edge.metrics.rate?.value ?? 0) / Math.log1p(busiest) : 0;
  return new Map(
    model.edges.map((edge) => {
      const severity = severityOf(edge, options.edgeMetric, options);
      const change = comparing ? edge.change : undefined;
      const sign = change === undefined ? undefined : CHANGE_SIGNS[change];
      const label = edgeLabel(edge, options.edgeLabels);
      return [
        edge.id,
        {
          severity,
          change,
          color:
            change !== undefined
              ? changeColor(change, theme)
              : options.edgeMetric === 'rate' && edge.metrics.rate !== undefined
                ? rateColor(share(edge), theme)
                : severity === 'none' && edge.color !== undefined
                  ? theme.visualization.getColorByName(edge.color)
                  : severityColor(severity, theme),
          width: edge.thickness ?? 1.5 + 3.5 * share(edge),
          label: sign === undefined ? label : `${sign} ${label}`.trim(),
        },
      ];
    })
  );
}

/** Whether an edge is drawn at all. */
export function isDrawn(scene: Pick<Scene, 'hidden' | 'comparing'>, edge: GraphEdge): boolean {
  const gone = edge.change === 'lost' && edge.absent && !scene.comparing;
  return !gone && !scene.hidden.has(edge.source) && !scene.hidden.has(edge.target);
}
