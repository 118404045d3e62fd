/** /healthz, /readyz and /metrics. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { ERRORS, ShadowerError, type ErrorCode } from '../errors';
import { zodApp, type HttpContext } from './context';
import { errorSchema } from './errors';

/** Probes run at most this often, however many ask. */
const PROBE_CACHE_MS = 1000;

const checkSchema = z.object({
  ok: z.boolean(),
  code: z.string().optional().describe('Stable error code'),
  reason: z.string().optional(),
});
const readySchema = z
  .object({
    status: z.enum(['ready', 'not_ready']),
    checks: z.object({ log: checkSchema, store: checkSchema, schema: checkSchema }),
  })
  .meta({ id: 'Readiness' });
type Ready = z.output<typeof readySchema>;

/** Registers the routes for whoever runs the service. */
export function opsRoutes(app: FastifyInstance, ctx: HttpContext): void {
  const { probes, metrics, auth } = ctx.options;
  const zapp = zodApp(app);

  const check = async (probe: () => Promise<unknown>, fallback: ErrorCode): Promise<z.output<typeof checkSchema>> => {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new ShadowerError(fallback, `no answer within ${ctx.limits.probeTimeoutMs} ms`)),
        ctx.limits.probeTimeoutMs,
      );
    });
    try {
      await Promise.race([probe(), late]);
      return { ok: true };
    } catch (e) {
      // Anybody may read this answer: the kind of fault is said here, addresses and the like stay in the log.
      const code = e instanceof ShadowerError ? e.code : fallback;
      app.log.warn({ err: e, code }, 'not ready');
      return { ok: false, code, reason: ERRORS[code].text };
    } finally {
      clearTimeout(timer);
    }
  };

  let latest: { at: number; value: Promise<Ready> } | undefined;
  const readiness = (): Promise<Ready> => {
    if (latest === undefined || ctx.clock() - latest.at >= PROBE_CACHE_MS) {
      const value = Promise.all([
        check(() => probes.log(), 'LOG_UNAVAILABLE'),
        check(() => probes.store(), 'STORE_UNAVAILABLE'),
        check(() => probes.schema(), 'STORE_SCHEMA'),
      ]).then(([log, store, schema]): Ready => ({
        status: log.ok && store.ok && schema.ok ? 'ready' : 'not_ready',
        checks: { log, store, schema },
      }));
      latest = { at: ctx.clock(), value };
    }
    return latest.value;
  };

  const open = { config: { scope: 'public' as const, rateLimit: false as const, pressureHandler: () => undefined } };
  zapp.get(
    '/healthz',
    {
      ...open,
      schema: {
        summary: 'Is the process alive?',
        tags: ['operations'],
        security: [],
        response: { 200: z.object({ status: z.literal('ok') }) },
      },
    },
    async () => ({ status: 'ok' as const }),
  );
  zapp.get(
    '/readyz',
    {
      ...open,
      schema: {
        summary: 'Can it do its work?',
        description: 'Whether the event log, ClickHouse and its schema are usable, each with the reason if not.',
        tags: ['operations'],
        security: [],
        response: { 200: readySchema, 503: readySchema },
      },
    },
    async (_req, reply) => {
      const result = await readiness();
      return reply
        .code(result.status === 'ready' ? 200 : 503)
        .header('cache-control', 'no-store')
        .send(result);
    },
  );
  zapp.get(
    '/metrics',
    {
      config: { scope: auth.openMetrics ? 'public' : 'admin', pressureHandler: () => undefined },
      schema: {
        summary: 'Metrics in Prometheus’ text format',
        tags: ['operations'],
        ...(auth.openMetrics ? { security: [] } : {}),
        response: { '4xx': errorSchema },
      },
    },
    async (_req, reply) => reply.type(metrics.contentType).send((await metrics.metrics()) as never),
  );
}
