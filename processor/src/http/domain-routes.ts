/** The routes that domains declare. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { ProbeOutcome } from '../domains/define';
import { ShadowerError } from '../errors';
import { WORKSPACE_HEADER } from '../pipeline/decode';
import type { NewRecord } from '../pipeline/ports';
import type { Suite } from '../probe';
import { requireWorkspace } from './auth';
import { append, runQuery, zodApp, type HttpContext } from './context';
import { errorSchema } from './errors';

/** Runs configured probes. Throws NOT_FOUND where none are. */
function probe(ctx: HttpContext, workspace: string, entity: string, suite: Suite): Promise<ProbeOutcome> {
  const { prober } = ctx.options;
  if (prober === undefined)
    throw new ShadowerError('NOT_FOUND', 'no probe targets are configured; SHADOWER_PROBES_FILE names a file of them');
  return prober.run(workspace, entity, suite);
}

/** Appends events of a domain as a producer would. */
async function appendEvents(
  ctx: HttpContext,
  workspace: string,
  events: readonly Record<string, unknown>[],
): Promise<void> {
  const byTopic = new Map<string, NewRecord[]>();
  for (const e of events) {
    const event = { ...e, workspace };
    const verdict = ctx.validate({ ...event });
    if (!verdict.ok) throw new ShadowerError('INTERNAL', `an event of our own is not valid: ${verdict.reason}`);
    const topic = `${ctx.options.topics.prefix}.${String(e.type)}`;
    const record: NewRecord = {
      key: Buffer.from(String(e.event_id)),
      value: Buffer.from(JSON.stringify(event)),
      headers: { [WORKSPACE_HEADER]: workspace },
    };
    byTopic.set(topic, [...(byTopic.get(topic) ?? []), record]);
  }
  await append(ctx, byTopic);
}

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
        config: { scope: def.scope ?? 'query' },
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
            {
              now: ctx.clock(),
              query: (name, args) => runQuery(ctx, req, name, { ...args, workspace }),
              probe: (entity, suite) => probe(ctx, workspace, entity, suite as Suite),
              append: (events) => appendEvents(ctx, workspace, events),
            },
            req.params as never,
            query as never,
          );
        }) as never,
      });
    }
  }
}
