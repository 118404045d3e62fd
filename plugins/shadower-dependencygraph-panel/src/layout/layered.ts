import { Graph, type GraphLabel, layout as dagreLayout, type NodeLabel, type EdgeLabel } from '@dagrejs/dagre';
import { setOwn } from './components';
import type { Layout, LayoutResult } from './types';

/** Room an edge label gets, whatever its text: the layout must not change with the metrics. */
const LABEL = { width: 116, height: 22 };
const SEPARATION = { node: 30, edge: 16, rank: 24 };

/** Sugiyama's layered layout by dagre. Deterministic for sorted input: dagre uses no randomness. */
export const layered: Layout = (input) => {
  const graph = new Graph<GraphLabel, NodeLabel, EdgeLabel>({ directed: true, multigraph: true });
  graph.setGraph({
    rankdir: input.direction,
    nodesep: SEPARATION.node,
    edgesep: SEPARATION.edge,
    ranksep: SEPARATION.rank,
    ranker: 'network-simplex',
    acyclicer: 'greedy',
  });
  // Ids come from data; dagre keeps its own names (_d1, _bl2, __proto__ in an object) in the same space, so hand it numbers.
  const index = new Map(input.nodes.map((node, i) => [node.id, `n${i}`]));
  for (const node of input.nodes) {
    graph.setNode(index.get(node.id) ?? '', { width: node.width, height: node.height });
  }
  const routed = input.edges.filter((edge) => edge.source !== edge.target);
  routed.forEach((edge, i) => {
    graph.setEdge(index.get(edge.source) ?? '', index.get(edge.target) ?? '', { ...LABEL, labelpos: 'c' }, `e${i}`);
  });
  dagreLayout(graph);

  const { width = 0, height = 0 } = graph.graph() ?? {};
  const result: LayoutResult = { positions: {}, routes: {}, width, height };
  for (const node of input.nodes) {
    const at = graph.node(index.get(node.id) ?? '');
    setOwn(result.positions, node.id, { x: at?.x ?? 0, y: at?.y ?? 0 });
  }
  routed.forEach((edge, i) => {
    const at = graph.edge(index.get(edge.source) ?? '', index.get(edge.target) ?? '', `e${i}`);
    if (at?.points !== undefined && at.x !== undefined && at.y !== undefined) {
      setOwn(result.routes, edge.id, { bends: at.points.slice(1, -1), label: { x: at.x, y: at.y } });
    }
  });
  return result;
};
