/** The source document's endpoint that runs tests (§9). What it may test is configured by the operator, never by the caller. */
import { z } from 'zod';
import { route } from '../../define';
import { healthCheck } from '../health/events';
import { testExecution } from './events';

const SOURCE = 'shadower-probe';

const resultSchema = z.object({
  target: z.string(),
  endpoint: z.string().optional(),
  method: z.string(),
  test_type: z.string(),
  test_name: z.string(),
  result: z.enum(['passed', 'failed', 'error', 'skipped']),
  duration_ms: z.number().describe('Milliseconds'),
  code: z.string().optional().describe('Stable code of what is wrong'),
  message: z.string().optional(),
});

export const routes = [
  route({
    method: 'POST',
    path: '/analytics/integrations/:id/test',
    scope: 'test',
    summary:
      'Runs a suite of probes against the targets configured for the integration (name, connection, certificate, latency, authentication, contract); the results also count as test executions and health checks',
    params: z.object({ id: z.string().min(1).max(256) }),
    querystring: z.object({
      test_suite: z
        .enum(['comprehensive', 'connectivity', 'security', 'performance', 'contract'])
        .default('comprehensive'),
    }),
    response: z.object({
      integration: z.string(),
      run_id: z.string(),
      passed: z.boolean().describe('Whether all tests that ran passed and at least one ran'),
      results: z.array(resultSchema),
    }),
    async handle(ctx, { id }, { test_suite }) {
      const { results, facts } = await ctx.probe(id, test_suite);
      const run_id = `probe-${id}-${ctx.now}`.slice(0, 256);
      const several = facts.length > 1;
      await ctx.append([
        ...results.map((r, i) => ({
          type: testExecution.type,
          event_id: `${run_id.slice(0, 240)}-t${i}`,
          time: ctx.now,
          integration: id,
          ...(r.endpoint === undefined ? {} : { endpoint: r.endpoint, method: r.method }),
          test_type: r.test_type,
          test_name: several ? `${r.target}: ${r.test_name}` : r.test_name,
          result: r.result,
          duration_ms: r.duration_ms,
          run_id,
          source: SOURCE,
          ...(r.message === undefined ? {} : { message: `${r.code}: ${r.message}`.slice(0, 2000) }),
        })),
        ...facts.map(({ target, error_code, ...rest }, i) => ({
          type: healthCheck.type,
          event_id: `${run_id.slice(0, 240)}-h${i}`,
          time: ctx.now,
          integration: id,
          check: 'synthetic',
          target,
          ...(error_code === undefined ? {} : { error_code: error_code.slice(0, 256) }),
          ...rest,
        })),
      ]);
      const ran = results.filter((r) => r.result !== 'skipped');
      return { integration: id, run_id, passed: ran.length > 0 && ran.every((r) => r.result === 'passed'), results };
    },
  }),
];
