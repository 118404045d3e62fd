/** The routes that domains declare. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { requireWorkspace } from './auth';
import { runQuery, zodApp, type HttpContext } from './context';
import { errorSchema } from './errors';

/** Names under which a route may take the workspace in its query string; it must be one that the caller may read. */
const WORKSPACE_NAMES = ['workspace', 'workspace_id'];

/** Registers every domain's routes. */
export function domainRoutes(app: FastifyInstance, ctx: HttpContext): void {
  const zapp = zodApp(app);
  for (const domain of ctx.options.domains) {
    for (const def of domain.routes) {
      const querystring =
        'workspace' in def.querystring.shape
          ? def.querystring
          : def.querystring.extend({
              workspace: z.string().optional().describe('Needed when the credentials have several'),
            });
      zapp.route({
        method: def.method,
        url: def.path,
        config: { scope: 'query' },
        schema: {
          summary: def.summary,
          tags: [domain.name],
          params: def.params,
          querystring,
          response: { 200: def.response, '4xx': errorSchema, '5xx': errorSchema },
        },
        handler: (async (req: FastifyRequest) => {
          const query = req.query as Record<string, unknown>;
          const workspace = requireWorkspace(req, ...WORKSPACE_NAMES.map((n) => query[n] as string | undefined));
          return def.handle(
            { now: ctx.clock(), query: (name, args) => runQuery(ctx, req, name, { ...args, workspace }) },
            req.params as never,
            query as never,
          );
        }) as never,
      });
    }
  }
}
