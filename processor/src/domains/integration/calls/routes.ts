/** API performance of one integration (§9.1 and §2.1 of the source document). */
import { z } from 'zod';
import { route } from '../../define';
import { ShadowerError } from '../../../errors';
import { TIMEFRAMES, meta, rows, timeframe } from '../../../vocabulary/routes';

/** Choices of `metric_type` → the queries that answer it; those `overTime` take the granularity. */
const METRICS = {
  latency: { overTime: ['integration_calls'], queries: [] },
  throughput: { overTime: ['integration_calls'], queries: [] },
  errors: { overTime: ['integration_error_codes'], queries: ['integration_errors'] },
  rate_limits: { overTime: [], queries: ['integration_rate_limits', 'integration_quota_users'] },
  endpoints: { overTime: [], queries: ['integration_endpoints'] },
  bottlenecks: { overTime: [], queries: ['integration_bottlenecks'] },
  capacity: { overTime: ['integration_forecast'], queries: ['integration_capacity'] },
  predictions: { overTime: [], queries: ['integration_outlook_findings'] },
  findings: { overTime: [], queries: ['integration_calls_findings'] },
} as const satisfies Record<string, { overTime: readonly string[]; queries: readonly string[] }>;
type Metric = keyof typeof METRICS;
const NAMES = Object.keys(METRICS) as Metric[];

/** Seconds of a step. */
const GRANULARITIES = { minutely: 60, hourly: 3600, daily: 86_400 } as const;

export const routes = [
  route({
    method: 'GET',
    path: '/analytics/integrations/:id/performance',
    summary:
      'API performance of one integration: latency, throughput, errors, rate limits, endpoints, bottlenecks, capacity, predictions and findings',
    params: z.object({ id: z.string().min(1).max(256) }),
    querystring: z.object({
      metric_type: z
        .enum(['all', ...NAMES])
        .default('all')
        .describe('What to tell'),
      granularity: z
        .enum(Object.keys(GRANULARITIES) as [keyof typeof GRANULARITIES])
        .default('hourly')
        .describe('Length of the steps of what is told over time'),
      timeframe,
    }),
    response: z.object({
      integration: z.string(),
      metrics: z.record(z.string(), rows),
      meta: z.record(z.string(), meta),
    }),
    async handle(ctx, { id }, { metric_type, granularity, timeframe }) {
      const args = { params: { integration: [id] }, from: ctx.now - TIMEFRAMES[timeframe], to: ctx.now };
      const asked = metric_type === 'all' ? NAMES : [metric_type];
      const step = GRANULARITIES[granularity];
      const list = new Map<string, number | undefined>(
        asked.flatMap((m) => [
          ...METRICS[m].overTime.map((q): [string, number] => [q, step]),
          ...METRICS[m].queries.map((q): [string, undefined] => [q, undefined]),
        ]),
      );
      const known = await ctx.query('integration_endpoints', args);
      if ((known.parts.main ?? []).length === 0)
        throw new ShadowerError('NOT_FOUND', `integration ${id} had no calls in the last ${timeframe}`);
      const answers = await Promise.all(
        [...list].map(
          async ([name, step]) =>
            [
              name.replace(/^integration_/, ''),
              name === 'integration_endpoints'
                ? known
                : await ctx.query(name, { ...args, ...(step === undefined ? {} : { step }) }),
            ] as const,
        ),
      );
      return {
        integration: id,
        metrics: Object.fromEntries(answers.map(([name, a]) => [name, a.parts.main ?? []])),
        meta: Object.fromEntries(answers.map(([name, a]) => [name, a.meta])),
      };
    },
  }),
];
