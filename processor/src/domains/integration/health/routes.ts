/** Health of one integration (§9.1 of the source document). */
import { z } from 'zod';
import { route } from '../../define';
import { ShadowerError } from '../../../errors';
import { TIMEFRAMES, flag, meta, rows, timeframe } from '../../../vocabulary/routes';

export const routes = [
  route({
    method: 'GET',
    path: '/analytics/integrations/:id/health',
    summary:
      'Health of one integration: score and terms, connection, authentication, ends of validity, findings and, with include_history, the trend of the score',
    params: z.object({ id: z.string().min(1).max(256) }),
    querystring: z.object({ include_history: flag(true), timeframe }),
    response: z.object({
      integration: z.string(),
      health: z.record(z.string(), z.unknown()),
      terms: rows,
      connectivity: rows,
      authentication: rows,
      expiries: rows,
      findings: rows,
      history: rows.optional(),
      meta,
    }),
    async handle(ctx, { id }, { include_history, timeframe }) {
      const args = { params: { integration: [id] }, from: ctx.now - TIMEFRAMES[timeframe], to: ctx.now };
      const answer = await ctx.query('integration_health', args);
      const health = answer.parts.scores?.[0];
      if (health === undefined)
        throw new ShadowerError(
          'NOT_FOUND',
          `nothing is known of integration ${id}: no calls, checks or authentication in the last ${timeframe} nor in the ${timeframe} before`,
        );
      // One step as long as the range: the figures of the whole of it.
      const step = TIMEFRAMES[timeframe] / 1000;
      const main = async (name: string, one = false) =>
        (await ctx.query(name, one ? { ...args, step } : args)).parts.main ?? [];
      const [connectivity, authentication, expiries, findings] = await Promise.all([
        main('integration_checks', true),
        main('integration_authentication', true),
        main('integration_expiries'),
        main('integration_findings'),
      ]);
      return {
        integration: id,
        health,
        terms: answer.parts.terms ?? [],
        connectivity,
        authentication,
        expiries,
        findings,
        ...(include_history ? { history: answer.parts.trend ?? [] } : {}),
        meta: answer.meta,
      };
    },
  }),
];
