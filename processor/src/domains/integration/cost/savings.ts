/**
 * What was paid in vain, as rows: counted money of the range, never a percentage that somebody assumed. How much work and
 * risk a remedy is, is ours to say (once per kind); how much it saves at most is what was counted.
 */
import type { SqlContext } from '../../define';
import { say } from '../../../vocabulary/findings';

interface Opportunity {
  name: string;
  /** SELECT of integration, saved (USD of the range), evidence. */
  select: (s: SqlContext) => string;
  action: string;
  effort: 'low' | 'medium' | 'high';
  risk: 'low' | 'medium' | 'high';
}

/** Calls that failed or were sent again, by one vantage: the callers' where there is any. */
const troubles = (s: SqlContext): string => `(
    SELECT integration, n_failures, n_resends_ok, cost_failed, cost_resent FROM (
      SELECT if(n.entity = '' OR c.vantage = 'server', c.integration, n.entity) AS integration, c.vantage AS side, max(side = 'client') OVER (PARTITION BY integration) AS has_client,
        sum(c.failures) AS n_failures, sum(c.resends_ok) AS n_resends_ok, sum(c.failed_cost) AS cost_failed, sum(c.resent_cost) AS cost_resent
      FROM (SELECT * FROM ${s.table('integration_troubles')} WHERE ${s.scope}) AS c
      LEFT ANY JOIN ${s.names} AS n ON n.alias = c.integration AND n.kind = c.kind
      GROUP BY integration, side
      QUALIFY side = if(has_client, 'client', 'server'))
    WHERE ${s.filter('integration')})`;

export const OPPORTUNITIES: readonly Opportunity[] = [
  {
    name: 'failed_calls',
    select: (s) => `
      SELECT integration, cost_failed AS saved, concat(${say.count('n_failures')}, ' failed calls were charged') AS evidence
      FROM ${troubles(s)} WHERE cost_failed > 0`,
    action: 'Stop calling an endpoint that keeps failing (a circuit breaker), and mend what the requests have wrong.',
    effort: 'medium',
    risk: 'low',
  },
  {
    name: 'repeated_calls',
    select: (s) => `
      SELECT integration, cost_resent AS saved, concat(${say.count('n_resends_ok')}, ' calls succeeded that had been sent before') AS evidence
      FROM ${troubles(s)} WHERE cost_resent > 0`,
    action: 'Send an idempotency key, wait longer before sending again, and look for the timeout that is too short.',
    effort: 'low',
    risk: 'medium',
  },
  {
    name: 'unused_plan',
    select: (s) => `
      SELECT integration, sum(unused) AS saved,
        concat(arrayStringConcat(arraySort(groupUniqArrayIf(plan, plan != '')), ', '), if(countIf(plan != '') > 0, ': ', ''), ${say.percent('sum(unused) / sum(amount)')}, ' of what was paid for was not used') AS evidence
      FROM ${s.table('integration_costs')} WHERE ${s.scope} AND ${s.filter('integration')} AND unused > 0 GROUP BY integration`,
    action: 'Take a smaller plan, or one that is paid by use, when the contract allows it.',
    effort: 'low',
    risk: 'low',
  },
];

/** integration, opportunity, saved, evidence, action, effort, risk. */
export const savings = (s: SqlContext): string => `(
${OPPORTUNITIES.map(
  (o) =>
    `    SELECT integration, '${o.name}' AS opportunity, saved, evidence, '${o.action}' AS action, '${o.effort}' AS effort, '${o.risk}' AS risk FROM (${o.select(s)})`,
).join('\n    UNION ALL\n')})`;
