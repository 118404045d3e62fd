/** GET /v1/catalog and /v1/query/:name. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { ShadowerError } from '../errors';
import { queryWorkspace } from './auth';
import { runQuery, zodApp, type HttpContext } from './context';
import { errorSchema } from './errors';
import { parseTime } from './time';

const time = (what: string, fallback: string) =>
  z
    .union([z.string(), z.number()])
    .default(fallback)
    .describe(`${what}: ISO 8601, milliseconds since 1970, or relative such as now-1h`);

const common = {
  workspace: z
    .string()
    .optional()
    .describe("Needed when the credentials have several; '' is what belongs to none, for administrators of all"),
  from: time('Start of the range', 'now-1h'),
  to: time('End of the range', 'now'),
  part: z.string().optional().describe('One part of the query; all by default'),
  format: z.enum(['json', 'csv']).default('json'),
};
const number = (what: string) => z.coerce.number().optional().describe(what);
const numbers = {
  step: number('Distance of the points in seconds'),
  interval: number('Wanted distance of the points in milliseconds'),
  maxDataPoints: number('Wanted number of points at most'),
  limit: number('Rows of a part at most'),
};
/** A value given once or several times. */
const several = z.union([z.string(), z.array(z.string())]).transform((v) => (Array.isArray(v) ? v : [v]));

const querystring = z
  .object({ ...common, ...numbers, columns: several.optional().describe('Columns wanted; all by default') })
  .catchall(several)
  .describe('Every other name is a parameter of the query, and may be given several times');
const body = z.strictObject({
  ...common,
  ...numbers,
  columns: z.array(z.string()).optional(),
  params: z.record(z.string(), z.array(z.string())).default({}).describe('Parameters of the query, each a list'),
});
const known = new Set([...Object.keys(common), ...Object.keys(numbers), 'columns']);

const answerSchema = z
  .object({
    parts: z
      .record(z.string(), z.array(z.record(z.string(), z.unknown())))
      .describe('Rows by part; times are ISO 8601 in UTC'),
    meta: z.object({
      query: z.string(),
      grain: z.string().describe('Windows that were read: 1m, 1h, 1d or raw'),
      step: z.number().describe('Seconds'),
      from: z.number().describe('Start of the range as it was read, milliseconds since 1970'),
      to: z.number(),
      completeUntil: z.number().nullable().describe('Every event before it is counted; null when unknown'),
      truncated: z.boolean().describe('Whether rows beyond the limit were left out'),
    }),
  })
  .meta({ id: 'QueryAnswer' });

/** RFC 4180. Text that a spreadsheet would take for a formula gets a quote in front. */
export function toCsv(columns: readonly string[], rows: readonly Record<string, unknown>[]): string {
  const cell = (v: unknown): string => {
    if (v === null || v === undefined) return '';
    let s = typeof v === 'object' ? JSON.stringify(v) : String(v);
    if (typeof v === 'string' && /^[=+\-@\t\r]/.test(s)) s = `'${s}`;
    return /[",\r\n]/.test(s) ? `"${s.replace(/"/g, '""')}"` : s;
  };
  return [columns, ...rows.map((r) => columns.map((c) => r[c]))].map((r) => r.map(cell).join(',') + '\r\n').join('');
}

type Wanted = z.output<typeof body>;

/** Registers the catalog and the queries. */
export function queryRoutes(app: FastifyInstance, ctx: HttpContext): void {
  const { runner } = ctx.options;

  async function answer(req: FastifyRequest, reply: FastifyReply, name: string, q: Wanted): Promise<unknown> {
    const workspace = queryWorkspace(req, q.workspace);
    const now = ctx.clock();
    let { part } = q;
    let csvColumns: string[] = [];
    if (q.format === 'csv') {
      const parts = (await runner.catalog()).queries.find((c) => c.name === name)?.parts ?? [];
      part ??= parts.length === 1 ? parts[0]!.name : undefined;
      if (parts.length > 1 && part === undefined)
        throw new ShadowerError(
          'QUERY_BAD_PARAM',
          `CSV holds one part; name one of ${parts.map((p) => p.name).join(', ')}`,
        );
      csvColumns = parts.find((p) => p.name === part)?.columns.map((c) => c.name) ?? [];
      if (q.columns !== undefined) csvColumns = csvColumns.filter((c) => q.columns!.includes(c));
    }
    const result = await runQuery(ctx, req, name, {
      workspace,
      params: q.params,
      from: parseTime(String(q.from), 'from', now),
      to: parseTime(String(q.to), 'to', now),
      step: q.step,
      intervalMs: q.interval,
      maxDataPoints: q.maxDataPoints,
      limit: q.limit,
      columns: q.columns,
      part,
    });
    reply.header('cache-control', 'no-store');
    if (q.format === 'json') return result;
    if (result.meta.truncated) reply.header('x-shadower-truncated', 'true');
    return reply
      .type('text/csv; charset=utf-8')
      .serializer((v: unknown) => v as string)
      .send(toCsv(csvColumns, result.parts[part!] ?? []));
  }

  const zapp = zodApp(app);
  zapp.get(
    '/v1/catalog',
    {
      config: { scope: 'query' },
      schema: {
        summary: 'Queries with their parameters, columns and units',
        tags: ['query'],
        response: {
          200: z.looseObject({ version: z.literal(1), schema: z.string(), queries: z.array(z.unknown()) }),
          '4xx': errorSchema,
          '5xx': errorSchema,
        },
      },
    },
    async () => ({ ...(await runner.catalog()) }),
  );
  const shared = {
    tags: ['query'],
    params: z.object({ name: z.string().max(128).describe('Name from the catalog') }),
    response: { 200: answerSchema, '4xx': errorSchema, '5xx': errorSchema },
  };
  zapp.get(
    '/v1/query/:name',
    { config: { scope: 'query' }, schema: { ...shared, summary: 'Run a catalog query', querystring } },
    (async (req: FastifyRequest, reply: FastifyReply) => {
      const q = req.query as z.output<typeof querystring>;
      const params: Record<string, string[]> = {};
      for (const [name, value] of Object.entries(q)) if (!known.has(name)) params[name] = value as string[];
      return answer(req, reply, (req.params as { name: string }).name, { ...(q as unknown as Wanted), params });
    }) as never,
  );
  zapp.post(
    '/v1/query/:name',
    {
      config: { scope: 'query' },
      bodyLimit: 1024 * 1024,
      schema: { ...shared, summary: 'Run a catalog query, parameters in the body', body },
    },
    (async (req: FastifyRequest, reply: FastifyReply) =>
      answer(req, reply, (req.params as { name: string }).name, req.body as Wanted)) as never,
  );
}
