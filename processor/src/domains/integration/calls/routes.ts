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
];
