/**
 * POST /v1/events. Every event goes to the log as it came, the invalid ones too: the pipeline makes dead letters of them.
 * Three kinds do not, and the answer is all that is said about them: another workspace's, larger than a record may be,
 * and a body that is not JSON as a whole.
 */
import { setImmediate } from 'node:timers/promises';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { ShadowerError, type ErrorCode } from '../errors';
import { WORKSPACE_HEADER } from '../pipeline/decode';
import type { NewRecord } from '../pipeline/ports';
import { credentials, isGranted, workspaceOf } from './auth';
import { mediaType, readBody, takeBytes } from './body';
import { append, zodApp, type HttpContext } from './context';
import { DetailedError, errorSchema } from './errors';

const NDJSON = ['application/x-ndjson', 'application/ndjson', 'application/jsonl'];
const TYPES = ['application/json', ...NDJSON];
/** Findings that one answer lists; the count is always whole. */
const MAX_LISTED = 1000;
/** Events after which other requests get a turn. */
const TURN = 1000;

interface Rejection {
  index: number;
  code: ErrorCode;
  reason: string;
}
interface Received {
  raw: Buffer;
  /** Unset when the bytes are not JSON. */
  value?: unknown;
  fault?: { code: ErrorCode; reason: string };
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function parse(raw: Buffer): Received {
  let text: string;
  try {
    text = utf8.decode(raw);
  } catch {
    return { raw, fault: { code: 'EVENT_NOT_UTF8', reason: 'not valid UTF-8' } };
  }
  try {
    return { raw, value: JSON.parse(text) };
  } catch (e) {
    return { raw, fault: { code: 'EVENT_NOT_JSON', reason: (e as Error).message.slice(0, 300) } };
  }
}

/** Lines, without blank ones; lines beyond `max` bytes are not parsed. */
function* lines(body: Buffer, max: number): Generator<Received> {
  for (let from = 0; from < body.length;) {
    let to = body.indexOf(0x0a, from);
    if (to < 0) to = body.length;
    const end = to > from && body[to - 1] === 0x0d ? to - 1 : to;
    const raw = body.subarray(from, end);
    from = to + 1;
    if (raw.length > max) yield { raw };
    else if (raw.some((b) => b !== 0x20 && b !== 0x09)) yield parse(raw);
  }
}

function* elements(body: Buffer): Generator<Received> {
  const whole = parse(body);
  if (whole.fault !== undefined) throw new ShadowerError(whole.fault.code, whole.fault.reason);
  if (!Array.isArray(whole.value)) yield whole;
  else for (const value of whole.value as unknown[]) yield { raw: Buffer.from(JSON.stringify(value)), value };
}

const isObject = (v: unknown): v is Record<string, unknown> => typeof v === 'object' && v !== null && !Array.isArray(v);

const answerSchema = z
  .object({
    accepted: z.number().int().describe('Events that are valid and durable in the log'),
    rejectedCount: z.number().int().describe('Events that were refused'),
    rejected: z
      .array(
        z.object({
          index: z.number().int().describe('Position in the request, from 0'),
          code: z.string(),
          reason: z.string(),
        }),
      )
      .describe(`The first ${MAX_LISTED} of them`),
  })
  .meta({ id: 'IngestAnswer' });

/** Registers POST /v1/events. */
export function ingestRoutes(app: FastifyInstance, ctx: HttpContext): void {
  const { limits, metrics } = ctx;
  const { prefix } = ctx.options.topics;
  const defs = ctx.options.domains.flatMap((d) => d.events);
  const types = new Set(defs.map((e) => e.type));
  const unknownTopic = `${prefix}.unknown`;
  const schemas = defs.map((e) => e.schema as unknown as z.ZodType);
  const oneEvent = schemas.length > 1 ? z.union(schemas as [z.ZodType, z.ZodType]) : (schemas[0] ?? z.unknown());

  async function handle(req: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    const type = mediaType(req, TYPES);
    const fallback = workspaceOf(req);
    const body = await readBody(ctx, req);
    if (body.length === 0) throw new ShadowerError('EVENT_EMPTY', 'the request has no body');
    metrics.bytes.inc({ route: '/v1/events' }, body.length);
    const release = ctx.budget.reserve(body.length);
    try {
      return await take(
        req,
        reply,
        type === 'application/json' ? elements(body) : lines(body, limits.eventBytes),
        fallback,
      );
    } finally {
      release();
    }
  }

  async function take(
    req: FastifyRequest,
    reply: FastifyReply,
    received: Generator<Received>,
    fallback: string | undefined,
  ): Promise<unknown> {
    const caller = credentials(req);
    const records = new Map<string, NewRecord[]>();
    const rejected: Rejection[] = [];
    const codes = new Map<ErrorCode, number>();
    const refused = new Map<ErrorCode, number>();
    let index = -1;
    let accepted = 0;
    const reject = (code: ErrorCode, reason: string, logged: boolean): void => {
      if (rejected.length < MAX_LISTED) rejected.push({ index, code, reason });
      const counts = logged ? codes : refused;
      counts.set(code, (counts.get(code) ?? 0) + 1);
    };
    const keep = (topic: string, raw: Buffer, workspace: string | undefined, id: unknown): void => {
      let list = records.get(topic);
      if (list === undefined) records.set(topic, (list = []));
      list.push({
        // The same event sent again goes to the same partition, where its id is known.
        key: typeof id === 'string' && id !== '' ? Buffer.from(id) : null,
        value: raw,
        // Empty where it is refused for having none: the topic's default must not make it count after all.
        headers: { [WORKSPACE_HEADER]: workspace ?? '' },
      });
    };

    for (const { raw, value, fault } of received) {
      index++;
      if (index % TURN === TURN - 1) await setImmediate();
      if (raw.length > limits.eventBytes) {
        reject('EVENT_TOO_LARGE', `${raw.length} bytes; the limit for one event is ${limits.eventBytes}`, false);
        continue;
      }
      if (fault !== undefined) {
        reject(fault.code, fault.reason, true);
        keep(unknownTopic, raw, fallback, undefined);
        continue;
      }
      const own = isObject(value) ? value.workspace : undefined;
      if (typeof own === 'string' && own !== '' && !isGranted(caller, own)) {
        reject('EVENT_WRONG_WORKSPACE', `workspace ${own.slice(0, 64)} is not granted to ${caller.id}`, false);
        continue;
      }
      const workspace = typeof own === 'string' && own !== '' ? own : fallback;
      const eventType = isObject(value) ? value.type : undefined;
      const id = isObject(value) ? value.event_id : undefined;
      if (isObject(value) && own === undefined && workspace !== undefined) value.workspace = workspace;
      const verdict = ctx.validate(value);
      keep(
        typeof eventType === 'string' && types.has(eventType) ? `${prefix}.${eventType}` : unknownTopic,
        raw,
        workspace,
        id,
      );
      if (verdict.ok) accepted++;
      else reject(verdict.code, verdict.reason, true);
    }

    await append(ctx, records);
    if (accepted > 0) metrics.events.inc({ outcome: 'accepted', code: '' }, accepted);
    for (const [code, n] of codes) metrics.events.inc({ outcome: 'dead_letter', code }, n);
    for (const [code, n] of refused) metrics.events.inc({ outcome: 'refused', code }, n);

    const rejectedCount = index + 1 - accepted;
    if (accepted === 0 && rejectedCount > 0) {
      const all = [...new Set([...codes.keys(), ...refused.keys()])];
      const first = rejected[0]!;
      throw new DetailedError(
        all.length === 1 ? all[0]! : 'EVENT_INVALID',
        rejectedCount === 1
          ? first.reason
          : `none of ${rejectedCount} events is valid; event ${first.index}: ${first.reason}`,
        { accepted, rejectedCount, rejected },
      );
    }
    reply.code(202);
    return { accepted, rejectedCount, rejected };
  }

  app.register(async (scope) => {
    takeBytes(scope, limits.bodyBytes);
    zodApp(scope).post(
      '/v1/events',
      {
        bodyLimit: limits.bodyBytes,
        config: { scope: 'ingest' },
        // The schema below is for the reader of the docs; the events are judged one by one.
        validatorCompiler: () => (value) => ({ value }),
        schema: {
          summary: 'Take events',
          description:
            'One event, an array of events, or one event a line (application/x-ndjson); gzip and deflate are understood. 202 means that the events are durable. ' +
            'Events with an event_id may be sent again without being counted twice. Invalid events are listed in the answer and kept as dead letters. ' +
            'Of a compressed body that ends too early nothing is accepted.',
          tags: ['ingest'],
          consumes: TYPES,
          body: z.union([oneEvent, z.array(oneEvent)]),
          response: { 202: answerSchema, '4xx': errorSchema, '5xx': errorSchema },
        },
      },
      handle as never,
    );
  });
}
