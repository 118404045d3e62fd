/** The source document's endpoint about dependencies (§9). */
import { z } from 'zod';
import { route } from '../../define';
import { TIMEFRAMES, flag, meta, rows, timeframe } from '../../../vocabulary/routes';

export const routes = [
  route({
    method: 'GET',
    path: '/analytics/integrations/dependencies',
    summary:
      'Dependency graph of the workspace, with metrics, classes and blast radius unless include_metrics is false',
    params: z.object({}),
    querystring: z.object({
      workspace_id: z.string().optional().describe('Must be a workspace these credentials may read'),
      include_metrics: flag(true),
      timeframe,
    }),
    response: z.object({ nodes: rows, edges: rows, classes: rows.optional(), meta }),
    async handle(ctx, _params, { include_metrics, timeframe }) {
      const range = { from: ctx.now - TIMEFRAMES[timeframe], to: ctx.now };
      const graph = await ctx.query('integration_dependencies', range);
      const nodes = graph.parts.nodes ?? [];
      const edges = graph.parts.edges ?? [];
      if (!include_metrics) {
        const pick = (list: Record<string, unknown>[], keys: string[]) =>
          list.map((r) => Object.fromEntries(keys.map((k) => [k, r[k]])));
        return {
          nodes: pick(nodes, ['id', 'title', 'kind', 'external']),
          edges: pick(edges, ['id', 'source', 'target', 'relation', 'origin', 'criticality']),
          meta: graph.meta,
        };
      }
      const classes = await ctx.query('integration_dependency_classes', range);
      return { nodes, edges, classes: classes.parts.main ?? [], meta: graph.meta };
    },
  }),
];
