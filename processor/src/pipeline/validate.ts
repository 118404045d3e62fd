/**
 * Validation. zod is the one declaration; its JSON Schema, compiled by ajv, judges on the hot path, and zod words the
 * reason when something is refused. `validate.test.ts` keeps the two verdicts equal on random input.
 */
import Ajv2020, { type ValidateFunction } from 'ajv/dist/2020';
import { z } from 'zod';
import type { Domain, EventDef } from '../domains/define';
import type { ErrorCode } from '../errors';

/** A valid event: defaults filled in, `time` in milliseconds since the epoch. */
export type ValidEvent = Record<string, unknown> & { type: string; time: number; workspace: string; event_id?: string };

export type Verdict = { ok: true; event: ValidEvent; def: EventDef } | { ok: false; code: ErrorCode; reason: string };

/** JSON Schema of an event as a producer may send it. */
export function eventJsonSchema(def: EventDef): Record<string, unknown> {
  return z.toJSONSchema(def.schema as unknown as z.ZodType, {
    io: 'input',
    override: ({ jsonSchema }) => {
      // The pattern beside a format is the exact rule of zod; the format would be judged by somebody else's.
      if (jsonSchema.pattern !== undefined) delete jsonSchema.format;
      for (const key of ['column', 'unit']) delete (jsonSchema as Record<string, unknown>)[key];
    },
  }) as Record<string, unknown>;
}

interface Compiled {
  def: EventDef;
  check: ValidateFunction;
}

/** At most this many findings are worded for one event. */
const MAX_REASONS = 5;

function reasonOf(def: EventDef, event: unknown): string {
  const result = (def.schema as unknown as z.ZodType).safeParse(event);
  if (result.success) return 'refused by its JSON Schema';
  const issues = result.error.issues.slice(0, MAX_REASONS).map((i) => `${i.path.join('.') || 'event'}: ${i.message}`);
  const more = result.error.issues.length - issues.length;
  return issues.join('; ') + (more > 0 ? `; and ${more} more` : '');
}

const isObject = (v: unknown): v is Record<string, unknown> => typeof v === 'object' && v !== null && !Array.isArray(v);

/** Builds the validator for all events of `domains`. The returned function never throws; it may fill in defaults in place. */
export function createValidator(domains: readonly Domain[]): (event: unknown, impliedType?: string) => Verdict {
  const ajv = new Ajv2020({ useDefaults: true, strict: false, allErrors: false, validateFormats: false });
  const byType = new Map<string, Compiled>();
  for (const def of domains.flatMap((d) => d.events))
    byType.set(def.type, { def, check: ajv.compile(eventJsonSchema(def)) });

  return (event, impliedType) => {
    if (!isObject(event))
      return {
        ok: false,
        code: 'EVENT_NOT_OBJECT',
        reason: `got ${Array.isArray(event) ? 'an array' : event === null ? 'null' : typeof event}`,
      };
    if (event.type === undefined && impliedType !== undefined) event.type = impliedType;
    const compiled = typeof event.type === 'string' ? byType.get(event.type) : undefined;
    if (compiled === undefined) {
      const known = [...byType.keys()].join(', ');
      return {
        ok: false,
        code: 'EVENT_UNKNOWN_TYPE',
        reason: `type is ${JSON.stringify(event.type)?.slice(0, 100) ?? 'missing'}; known types: ${known}`,
      };
    }
    if (impliedType !== undefined && event.type !== impliedType)
      return { ok: false, code: 'EVENT_INVALID', reason: `type ${String(event.type)} on a topic of ${impliedType}` };
    if (event.workspace === undefined || event.workspace === '')
      return { ok: false, code: 'EVENT_NO_WORKSPACE', reason: 'the field workspace is missing or empty' };
    if (!compiled.check(event)) return { ok: false, code: 'EVENT_INVALID', reason: reasonOf(compiled.def, event) };
    if (typeof event.time === 'string') event.time = Date.parse(event.time);
    return { ok: true, event: event as ValidEvent, def: compiled.def };
  };
}
