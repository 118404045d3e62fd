import { t } from '@grafana/i18n';
import type { Adjacency } from '../analysis/graphs';
import type { GraphEdge, GraphNode } from '../data/model';
import type { EdgeLabelPart, Point } from '../types';
import { RAW, statusName } from '../words';

/** Sum of the rates of edges, as text in the unit of the first; '' when none has a reading. */
function traffic(edges: GraphEdge[], format: (value: number) => string): string {
  const rates = edges.flatMap((edge) => edge.metrics.rate ?? []);
  return rates.length === 0
    ? ''
    : rates.length === 1
      ? rates[0].text
      : format(rates.reduce((sum, rate) => sum + rate.value, 0));
}

/** What a screen reader says for a node: "frontend, degraded, score 72, 12 req/s in, 30 req/s out". */
export function nodeName(node: GraphNode, graph: Adjacency, formatRate: (value: number) => string): string {
  const incoming = graph.mapInEdges(node.id, (_id, edge) => edge);
  const outgoing = graph.mapOutEdges(node.id, (_id, edge) => edge);
  const inRate = traffic(incoming, formatRate);
  const outRate = traffic(outgoing, formatRate);
  return [
    node.title,
    node.members === undefined ? '' : node.subtitle,
    node.external ? t('describe.external', 'external {{kind}}', { kind: node.kind, ...RAW }).trim() : node.kind,
    node.status === undefined ? '' : statusName(node.status).toLowerCase(),
    node.score === undefined ? '' : t('describe.score', 'score {{score}}', { score: node.score.text, ...RAW }),
    node.score === undefined && node.members === undefined ? node.mainStat : '',
    inRate ? t('describe.in', '{{rate}} in', { rate: inRate, ...RAW }) : '',
    outRate ? t('describe.out', '{{rate}} out', { rate: outRate, ...RAW }) : '',
    incoming.length + outgoing.length === 0 ? t('describe.alone', 'no connections') : '',
    node.implied ? t('describe.implied', 'described by no row') : '',
    node.absent ? t('describe.absent', 'no data at this time') : '',
  ]
    .filter((part) => part !== '')
    .join(', ');
}

/** The parts of an edge's label that have a reading. Without any of our metrics: the stats of Grafana's convention. */
export function edgeLabel(edge: GraphEdge, parts: EdgeLabelPart[]): string {
  const { rate, errorRate, p95 } = edge.metrics;
  if (rate === undefined && errorRate === undefined && p95 === undefined) {
    return parts.length === 0 ? '' : [edge.mainStat, edge.secondaryStat].filter((text) => text !== '').join(' · ');
  }
  return [
    parts.includes('rate') ? rate?.text : undefined,
    // An edge without errors needs no words for it.
    parts.includes('errors') && errorRate !== undefined && errorRate.value > 0
      ? t('describe.errors', '{{share}} err', { share: errorRate.text, ...RAW })
      : undefined,
    parts.includes('p95') && p95 !== undefined ? `p95 ${p95.text}` : undefined,
  ]
    .filter((text) => text !== undefined && text !== '')
    .join(' · ');
}

export type Arrow = 'ArrowLeft' | 'ArrowRight' | 'ArrowUp' | 'ArrowDown';
export const ARROWS: Record<Arrow, Point> = {
  ArrowLeft: { x: -1, y: 0 },
  ArrowRight: { x: 1, y: 0 },
  ArrowUp: { x: 0, y: -1 },
  ArrowDown: { x: 0, y: 1 },
};

/**
 * The node an arrow key leads to: the nearest neighbour in that direction, or, when no neighbour lies there, the nearest
 * node. Nodes off the direction count as farther. undefined at the rim.
 */
export function nextNode(
  from: string,
  arrow: Arrow,
  graph: Adjacency,
  positions: ReadonlyMap<string, Point>,
  hidden: ReadonlySet<string> = new Set()
): string | undefined {
  const start = positions.get(from);
  if (start === undefined) {
    return undefined;
  }
  const nearest = (ids: string[]): string | undefined => {
    let best: { id: string; cost: number } | undefined;
    for (const id of ids) {
      const at = positions.get(id);
      if (at === undefined || id === from || hidden.has(id)) {
        continue;
      }
      const [dx, dy] = [at.x - start.x, at.y - start.y];
      const along = dx * ARROWS[arrow].x + dy * ARROWS[arrow].y;
      const across = Math.abs(dx * ARROWS[arrow].y) + Math.abs(dy * ARROWS[arrow].x);
      const cost = along + 2 * across;
      if (along > 1 && across <= along * 3 && (best === undefined || cost < best.cost)) {
        best = { id, cost };
      }
    }
    return best?.id;
  };
  return nearest(graph.neighbors(from)) ?? nearest([...positions.keys()]);
}
