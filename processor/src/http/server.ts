/** The HTTP API: intake of events and spans, queries, health, metrics, docs. */
import { randomUUID } from 'node:crypto';
import fastifyHelmet from '@fastify/helmet';
import fastifyRateLimit from '@fastify/rate-limit';
import fastifyUnderPressure from '@fastify/under-pressure';
import Fastify, { LogController, type FastifyInstance } from 'fastify';
import { serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod';
import { ShadowerError } from '../errors';
import { watchUnused } from '../net/unused-connections';
import { createValidator } from '../pipeline/validate';
import { authPlugin } from './auth';
import { HTTP_LIMITS, type HttpOptions } from './config';
import type { HttpContext } from './context';
import { registerDocs, registerOpenApi } from './docs';
import { domainRoutes } from './domain-routes';
import { installErrorHandlers, sendError } from './errors';
import { ByteBudget, Gate } from './gate';
import { ingestRoutes } from './ingest';
import { createLogger } from './logger';
import { createHttpMetrics } from './metrics';
import { opsRoutes } from './ops';
import { queryRoutes } from './query';
import { traceRoutes } from './traces';

declare module 'fastify' {
  interface FastifyContextConfig {
    pressureHandler?: () => void;
  }
}

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** Decompressions at one time, which bounds what a compressed body may take before it is counted. */
const INFLATE_CONCURRENCY = 4;

/**
 * Builds the server; the caller listens and closes. Throws CONFIG_INVALID when the credentials are badly configured.
 * The log and the runner stay the caller's: close them after the server.
 */
export async function createHttpServer(options: HttpOptions): Promise<FastifyInstance> {
  const limits = { ...HTTP_LIMITS, ...options.limits };
  const queries = new Gate('queries', limits.queryConcurrency, limits.queryQueue, limits.queryWaitMs);
  const inflating = new Gate('decompressions', INFLATE_CONCURRENCY, 256, limits.queryWaitMs);
  const budget = new ByteBudget(limits.inFlightBytes);
  const metrics = createHttpMetrics(options.metrics, {
    queriesRunning: () => queries.running,
    queriesWaiting: () => queries.queued,
    bytesInFlight: () => budget.inFlight,
  });
  const ctx: HttpContext = {
    options,
    limits,
    clock: options.clock ?? Date.now,
    metrics,
    queries,
    inflating,
    budget,
    validate: createValidator(options.domains),
  };

  const app: FastifyInstance = Fastify({
    loggerInstance: options.logger ?? createLogger(),
    logController: new LogController({ disableRequestLogging: !options.accessLog }),
    // Errors from before there is a route: a path that is no path.
    frameworkErrors: (e, req, reply) => void sendError(e, req, reply),
    genReqId: () => randomUUID(),
    requestTimeout: limits.requestTimeoutMs,
    handlerTimeout: limits.handlerTimeoutMs,
    bodyLimit: 1024 * 1024,
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: 512, ignoreTrailingSlash: true },
    ...(options.trustProxy === undefined ? {} : { trustProxy: options.trustProxy }),
  });
  const endUnused = watchUnused(app.server, limits.drainMs);
  app.addHook('preClose', async () => endUnused());
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  installErrorHandlers(app, (code) => metrics.rejectedAuth.inc({ code }));

  app.addHook('onRequest', async (req, reply) => {
    reply.header('x-request-id', req.id);
    metrics.active.inc({ http_request_method: METHODS.has(req.method) ? req.method : '_OTHER' });
  });
  app.addHook('onResponse', async (req, reply) => {
    const http_request_method = METHODS.has(req.method) ? req.method : '_OTHER';
    metrics.active.dec({ http_request_method });
    metrics.duration.observe(
      {
        http_request_method,
        http_route: req.is404 ? '' : (req.routeOptions.url ?? ''),
        http_response_status_code: reply.statusCode,
      },
      reply.elapsedTime / 1000,
    );
  });

  await app.register(fastifyHelmet, { global: true });
  await app.register(fastifyUnderPressure, {
    ...(limits.eventLoopDelayMs > 0 ? { maxEventLoopDelay: limits.eventLoopDelayMs } : {}),
    ...(limits.heapBytes > 0 ? { maxHeapUsedBytes: limits.heapBytes } : {}),
    retryAfter: 2,
  });
  await app.register(fastifyRateLimit, {
    max: limits.rateMax,
    timeWindow: limits.rateWindowMs,
    keyGenerator: (req) => req.credentials?.id ?? req.ip,
    errorResponseBuilder: (_req, c) =>
      new ShadowerError('RATE_LIMITED', `${c.max} requests are allowed per window; try again in ${c.after}`),
  });
  const guesses = app.createRateLimit({
    max: limits.authFailuresMax,
    timeWindow: limits.rateWindowMs,
    keyGenerator: (req) => `auth:${req.ip}`,
  });
  await app.register(authPlugin, {
    auth: options.auth,
    hooks: {
      async failed(req) {
        const r = await guesses(req);
        if (!r.isAllowed && r.isExceeded)
          throw new ShadowerError(
            'RATE_LIMITED',
            `too many refused credentials from this address; try again in ${r.ttlInSeconds} s`,
          );
      },
    },
  });
  await registerOpenApi(app);

  ingestRoutes(app, ctx);
  traceRoutes(app, ctx);
  queryRoutes(app, ctx);
  domainRoutes(app, ctx);
  opsRoutes(app, ctx);
  await registerDocs(app, options.auth.openDocs ?? false);
  return app;
}
