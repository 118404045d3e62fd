import { STATUSES, type Change, type GraphEdge, type GraphNode, type Previous } from './model';

/** From which a difference counts: shares of an error rate, a share of a p95, points of a score. */
export const CHANGED = { errorRate: 0.005, p95: 0.2, p95Ms: 5, score: 5 } as const;

/** -1 better, 1 worse, 0 neither, undefined when one of the two periods has no reading. */
function judge(now: number | undefined, before: number | undefined, threshold: number): number | undefined {
  if (now === undefined || before === undefined) {
    return undefined;
  }
  return Math.abs(now - before) < threshold ? 0 : Math.sign(now - before);
}

/** Worse when anything is worse: a better p95 does not make up for more errors. */
function worstOf(judgements: Array<number | undefined>): Change {
  const known = judgements.filter((one) => one !== undefined);
  return known.length === 0 ? 'unknown' : known.includes(1) ? 'worse' : known.includes(-1) ? 'better' : 'same';
}

/**
 * What became of an edge. New: no traffic before. Lost: none now. Else worse when its error rate rose by half a
 * percentage point or its p95 by a fifth (and 5 ms), better when one fell as much and the other did not rise.
 */
export function changeOfEdge(edge: GraphEdge): Change | undefined {
  const { previous, metrics } = edge;
  if (previous === undefined) {
    return undefined;
  }
  const flows = (of: Previous['metrics']) => (of.rate?.value ?? of.calls?.value ?? 0) > 0;
  const [now, before] = [flows(metrics), flows(previous.metrics)];
  if (now !== before) {
    return now ? 'new' : 'lost';
  }
  const p95 = previous.metrics.p95?.value;
  return worstOf([
    judge(metrics.errorRate?.value, previous.metrics.errorRate?.value, CHANGED.errorRate),
    judge(metrics.p95?.value, p95, Math.max(CHANGED.p95Ms, CHANGED.p95 * (p95 ?? 0))),
  ]);
}

/** What became of a node, by its score; without scores by its status. */
export function changeOfNode(node: GraphNode): Change | undefined {
  const { previous } = node;
  if (previous === undefined) {
    return undefined;
  }
  const byScore = judge(previous.score?.value, node.score?.value, CHANGED.score);
  if (byScore !== undefined) {
    return worstOf([byScore]);
  }
  const rank = (status: GraphNode['status']) =>
    status === undefined || status === 'unknown' ? undefined : -STATUSES.indexOf(status);
  return worstOf([judge(rank(node.status), rank(previous.status), 1)]);
}
