/** The source document's endpoints (§9) as far as the domain's events go. */
import { z } from 'zod';
import { route } from '../../define';
import { ShadowerError } from '../../../errors';
import { TIMEFRAMES, flag, meta, rows, timeframe } from '../../../vocabulary/routes';

export const routes = [
  route({
    method: 'GET',
    path: '/analytics/integrations/:id/health',
    summary: 'Health of one integration: score, terms and, with include_history, the trend of the score',
    params: z.object({ id: z.string().min(1).max(256) }),
    querystring: z.object({ include_history: flag(true), timeframe }),
    response: z.object({
      integration: z.string(),
      health: z.record(z.string(), z.unknown()),
      terms: rows,
      history: rows.optional(),
      meta,
    }),
    async handle(ctx, { id }, { include_history, timeframe }) {
      const answer = await ctx.query('integration_health', {
        params: { integration: [id] },
        from: ctx.now - TIMEFRAMES[timeframe],
        to: ctx.now,
      });
      const health = answer.parts.scores?.[0];
      if (health === undefined)
        throw new ShadowerError(
          'NOT_FOUND',
          `integration ${id} had no calls in the last ${timeframe} nor in the ${timeframe} before`,
        );
      return {
        integration: id,
        health,
        terms: answer.parts.terms ?? [],
        ...(include_history ? { history: answer.parts.trend ?? [] } : {}),
        meta: answer.meta,
      };
    },
  }),
  route({
    method: 'GET',
    path: '/analytics/integrations/dependencies',
    summary: 'Dependency graph of the workspace, with metrics unless include_metrics is false',
    params: z.object({}),
    querystring: z.object({
      workspace_id: z.string().optional().describe('Must be a workspace these credentials may read'),
      include_metrics: flag(true),
      timeframe,
    }),
    response: z.object({ nodes: rows, edges: rows, meta }),
    async handle(ctx, _params, { include_metrics, timeframe }) {
      const answer = await ctx.query('integration_dependencies', {
        from: ctx.now - TIMEFRAMES[timeframe],
        to: ctx.now,
      });
      const pick = (list: Record<string, unknown>[] | undefined, keys: string[]) =>
        (list ?? []).map((r) => (include_metrics ? r : Object.fromEntries(keys.map((k) => [k, r[k]]))));
      return {
        nodes: pick(answer.parts.nodes, ['id', 'title', 'kind', 'external']),
        edges: pick(answer.parts.edges, ['id', 'source', 'target', 'relation', 'origin', 'criticality']),
        meta: answer.meta,
      };
    },
  }),
];
