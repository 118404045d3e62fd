import { t } from '@grafana/i18n';
import { edgesText, nodesText } from '../words';
import { compareText } from './compare';
import { type GraphEdge, type GraphModel, type GraphNode, STATUSES } from './model';
import { warning } from './problems';

export interface Limits {
  maxNodes: number;
  maxEdges: number;
}

/** How many edges each node has. A self-loop counts once. */
export function degrees(edges: readonly GraphEdge[]): Map<string, number> {
  const degree = new Map<string, number>();
  for (const { source, target } of edges) {
    degree.set(source, (degree.get(source) ?? 0) + 1);
    if (source !== target) {
      degree.set(target, (degree.get(target) ?? 0) + 1);
    }
  }
  return degree;
}

/** Holds the graph to its limits: the least healthy, then the best connected nodes stay, and the busiest edges. */
export function limited(model: GraphModel, limits: Limits): GraphModel {
  const { nodes, edges } = model;
  if (nodes.length <= limits.maxNodes && edges.length <= limits.maxEdges) {
    return model;
  }
  const degree = degrees(edges);
  const rank = (node: GraphNode) => (node.status === undefined ? STATUSES.length : STATUSES.indexOf(node.status));
  const kept = new Set(
    nodes.length <= limits.maxNodes
      ? nodes
      : [...nodes]
          .sort(
            (a, b) => rank(a) - rank(b) || (degree.get(b.id) ?? 0) - (degree.get(a.id) ?? 0) || compareText(a.id, b.id)
          )
          .slice(0, limits.maxNodes)
  );
  const ids = new Set([...kept].map((node) => node.id));
  const reachable = edges.filter((edge) => ids.has(edge.source) && ids.has(edge.target));
  const keptEdges = new Set(
    reachable.length <= limits.maxEdges
      ? reachable
      : [...reachable]
          .sort((a, b) => (b.metrics.rate?.value ?? -1) - (a.metrics.rate?.value ?? -1) || compareText(a.id, b.id))
          .slice(0, limits.maxEdges)
  );
  const hidden = { nodes: nodes.length - kept.size, edges: edges.length - keptEdges.size };
  return {
    ...model,
    nodes: nodes.filter((node) => kept.has(node)),
    edges: edges.filter((edge) => keptEdges.has(edge)),
    hidden,
    notices: [
      warning(
        hidden.nodes > 0
          ? t(
              'notices.limit-nodes',
              "{{nodes}} and {{edges}} hidden by the limit of {{limit}} nodes. Narrow the query, or raise the limit in the panel's options.",
              { nodes: nodesText(hidden.nodes), edges: edgesText(hidden.edges), limit: limits.maxNodes }
            )
          : t(
              'notices.limit-edges',
              "{{edges}} hidden by the limit of {{limit}} edges. Narrow the query, or raise the limit in the panel's options.",
              { edges: edgesText(hidden.edges), limit: limits.maxEdges }
            )
      ),
      ...model.notices,
    ],
  };
}
