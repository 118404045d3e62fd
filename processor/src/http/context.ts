/** What the routes share. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { QueryAnswer } from '../domains/define';
import { ShadowerError } from '../errors';
import type { Clock, NewRecord } from '../pipeline/ports';
import type { createValidator } from '../pipeline/validate';
import type { QueryArgs } from '../query';
import type { HttpLimits, HttpOptions } from './config';
import type { ByteBudget, Gate } from './gate';
import type { HttpMetrics } from './metrics';

export interface HttpContext {
  options: HttpOptions;
  limits: HttpLimits;
  clock: Clock;
  metrics: HttpMetrics;
  queries: Gate;
  inflating: Gate;
  budget: ByteBudget;
  validate: ReturnType<typeof createValidator>;
}

/** Fastify with zod schemas as route types. */
export const zodApp = (app: FastifyInstance) => app.withTypeProvider<ZodTypeProvider>();
export type ZodApp = ReturnType<typeof zodApp>;

/** Appends by topic and resolves when all of it is durable. Throws LOG_UNAVAILABLE; some of it may then still land. */
export async function append(ctx: HttpContext, records: ReadonlyMap<string, NewRecord[]>): Promise<void> {
  if (records.size === 0) return;
  const done = ctx.metrics.appendDuration.startTimer();
  try {
    await Promise.all([...records].map(([topic, list]) => ctx.options.log.append(topic, list)));
    done({ outcome: 'ok' });
  } catch (e) {
    done({ outcome: 'error' });
    throw e instanceof ShadowerError ? e : new ShadowerError('LOG_UNAVAILABLE', (e as Error).message, { cause: e });
  }
}

/** Runs a catalog query when it is its turn; gives up when the caller has gone. */
export async function runQuery(
  ctx: HttpContext,
  req: FastifyRequest,
  name: string,
  args: Omit<QueryArgs, 'signal'>,
): Promise<QueryAnswer> {
  const done = ctx.metrics.queryDuration.startTimer();
  let label = name;
  // Fastify's request.signal fires when the body has been read; the caller has gone only when the connection has.
  const gone = new AbortController();
  const abort = (): void => gone.abort();
  req.socket.once('close', abort);
  try {
    const answer = await ctx.queries.run(() => ctx.options.runner.run(name, { ...args, signal: gone.signal }));
    done({ query: label, outcome: 'ok' });
    return answer;
  } catch (e) {
    const code = e instanceof ShadowerError ? e.code : 'INTERNAL';
    // A name that nobody declared must not become a label: callers choose it freely.
    if (code === 'QUERY_UNKNOWN' || code === 'BUSY' || code === 'STORE_UNAVAILABLE') label = '';
    done({ query: label, outcome: code });
    throw e;
  } finally {
    req.socket.off('close', abort);
  }
}
