/** OTLP ExportTraceServiceRequest, as protobuf or JSON, → spans. */
import type { Span } from '../domains/define';
import { ShadowerError } from '../errors';
import { ExportTraceServiceRequest, Resource } from './proto';

/** `otlp` tells the two apart by the first byte. */
export type TraceEncoding = 'otlp' | 'otlp_json' | 'otlp_proto';

export interface DecodedTraces {
  spans: Span[];
  /** Spans that were refused; `index` counts all spans of the request, from 0. */
  rejected: { index: number; reason: string }[];
}

type Attributes = Record<string, string | number | boolean | undefined>;
/** Parsed but unchecked value: the leaves differ between the two encodings, the shape does not. */
type Loose = Record<string, unknown>;

/** What differs between the encodings. Each throws an Error with the reason that the span gets. */
interface Leaves {
  id(v: unknown, bytes: number, field: string): string;
  /** Nanoseconds since the epoch → milliseconds with fraction; 0 when unset. */
  time(v: unknown, field: string): number;
  enum(v: unknown, names: readonly string[], field: string): number;
  text(v: unknown, field: string): string;
  /** Plain value of an AnyValue; arrays and maps as arrays and objects; undefined when empty. */
  any(v: unknown, depth: number): unknown;
}

const KINDS = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'] as const;
const KIND_NAMES = KINDS.map((k) => `SPAN_KIND_${k.toUpperCase()}`);
const STATUSES = ['unset', 'ok', 'error'] as const;
const STATUS_NAMES = STATUSES.map((s) => `STATUS_CODE_${s.toUpperCase()}`);

/** Nesting of attribute values, so that a hostile request cannot exhaust the stack. */
const MAX_DEPTH = 32;
const NS_PER_MS = 1_000_000n;
const UINT64_MAX = 18_446_744_073_709_551_615n;

const isObject = (v: unknown): v is Loose => typeof v === 'object' && v !== null && !Array.isArray(v);
const show = (v: unknown): string => (JSON.stringify(v) ?? String(v)).slice(0, 60);

/** Both terms are exact, so the sum is the closest double: within 0.13 µs for present dates. */
const nsToMs = (ns: bigint): number => Number(ns / NS_PER_MS) + Number(ns % NS_PER_MS) / 1e6;

/** A whole number stays a number while a double holds it exactly, else it becomes its decimal digits. */
const integer = (v: bigint): number | string =>
  v >= BigInt(Number.MIN_SAFE_INTEGER) && v <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(v) : v.toString();

// ---------------------------------------------------------------- JSON leaves

const HEX = /^[0-9a-fA-F]+$/;
const DIGITS = /^[0-9]{1,20}$/;
const INT = /^-?[0-9]{1,19}$/;

const json: Leaves = {
  id(v, bytes, field) {
    if (v === undefined || v === null || v === '') return '';
    if (typeof v !== 'string' || v.length !== bytes * 2 || !HEX.test(v))
      throw new Error(`${field} is ${show(v)}; it takes ${bytes * 2} hexadecimal digits`);
    return v.toLowerCase();
  },
  time(v, field) {
    if (v === undefined || v === null) return 0;
    if (typeof v === 'string' && DIGITS.test(v)) {
      if (v.length === 19) return Number(v.slice(0, 13)) + Number(v.slice(13)) / 1e6;
      const ns = BigInt(v);
      if (ns <= UINT64_MAX) return nsToMs(ns);
    } else if (typeof v === 'number' && Number.isInteger(v) && v >= 0 && v < 2 ** 64) return nsToMs(BigInt(v));
    throw new Error(`${field} is ${show(v)}; it takes nanoseconds since 1970 as a whole number or a string of digits`);
  },
  enum(v, names, field) {
    if (v === undefined || v === null) return 0;
    if (typeof v === 'number' && Number.isInteger(v)) return v;
    const i = typeof v === 'string' ? names.indexOf(v) : -1;
    if (i < 0) throw new Error(`${field} is ${show(v)}; it takes a number or one of ${names.join(', ')}`);
    return i;
  },
  text(v, field) {
    if (v === undefined || v === null) return '';
    if (typeof v !== 'string') throw new Error(`${field} is ${show(v)}; it takes a string`);
    return v;
  },
  any(v, depth) {
    if (v === undefined || v === null) return undefined;
    if (!isObject(v))
      throw new Error(`an attribute's value is ${show(v)}; it takes an object such as {"stringValue":"x"}`);
    if (depth > MAX_DEPTH) throw new Error(`an attribute is nested deeper than ${MAX_DEPTH} levels`);
    if (v.stringValue !== undefined && v.stringValue !== null) return json.text(v.stringValue, 'stringValue');
    if (typeof v.boolValue === 'boolean') return v.boolValue;
    if (v.intValue !== undefined && v.intValue !== null) {
      if (typeof v.intValue === 'string' && INT.test(v.intValue)) return integer(BigInt(v.intValue));
      if (typeof v.intValue === 'number' && Number.isInteger(v.intValue)) return v.intValue;
      throw new Error(`intValue is ${show(v.intValue)}; it takes a whole number or a string of digits`);
    }
    if (v.doubleValue !== undefined && v.doubleValue !== null) {
      if (typeof v.doubleValue === 'number') return v.doubleValue;
      if (v.doubleValue === 'NaN' || v.doubleValue === 'Infinity' || v.doubleValue === '-Infinity')
        return Number(v.doubleValue);
      throw new Error(`doubleValue is ${show(v.doubleValue)}; it takes a number`);
    }
    if (isObject(v.arrayValue))
      return list(v.arrayValue.values, 'arrayValue.values').map((x) => json.any(x, depth + 1));
    if (isObject(v.kvlistValue)) return map(json, list(v.kvlistValue.values, 'kvlistValue.values'), depth + 1);
    if (v.bytesValue !== undefined && v.bytesValue !== null)
      return Buffer.from(json.text(v.bytesValue, 'bytesValue'), 'base64').toString('base64');
    return undefined;
  },
};

// ---------------------------------------------------------------- protobuf leaves

interface Long {
  low: number;
  high: number;
}
const unsigned = (v: Long): bigint => (BigInt(v.high >>> 0) << 32n) | BigInt(v.low >>> 0);

const proto: Leaves = {
  id(v, bytes, field) {
    const b = v as Uint8Array;
    if (b.length === 0) return '';
    if (b.length !== bytes) throw new Error(`${field} has ${b.length} bytes; it takes ${bytes}`);
    return (b as Buffer).toString('hex');
  },
  time: (v) => (typeof v === 'number' ? nsToMs(BigInt(v)) : nsToMs(unsigned(v as Long))),
  enum: (v) => v as number,
  text: (v) => v as string,
  any(v, depth) {
    if (v === undefined || v === null) return undefined;
    if (depth > MAX_DEPTH) throw new Error(`an attribute is nested deeper than ${MAX_DEPTH} levels`);
    const any = v as Loose;
    // `value` is the virtual property of the oneof: the name of the member that is set.
    switch (any.value) {
      case 'stringValue':
      case 'boolValue':
      case 'doubleValue':
        return any[any.value];
      case 'intValue':
        return integer(BigInt.asIntN(64, unsigned(any.intValue as Long)));
      case 'arrayValue':
        return (any.arrayValue as { values: unknown[] }).values.map((x) => proto.any(x, depth + 1));
      case 'kvlistValue':
        return map(proto, (any.kvlistValue as { values: unknown[] }).values, depth + 1);
      case 'bytesValue':
        return (any.bytesValue as Buffer).toString('base64');
      default:
        return undefined;
    }
  },
};

// ---------------------------------------------------------------- the common shape

function list(v: unknown, where: string): unknown[] {
  if (v === undefined || v === null) return [];
  if (!Array.isArray(v)) throw new Error(`${where} is ${show(v)}; it takes an array`);
  return v;
}

function map(leaves: Leaves, pairs: unknown[], depth: number): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const pair of pairs) {
    if (!isObject(pair)) throw new Error(`an attribute is ${show(pair)}; it takes {"key":…,"value":…}`);
    const key = leaves.text(pair.key, 'an attribute key');
    // Assigning this name would change the object instead of adding to it.
    if (key !== '__proto__') result[key] = leaves.any(pair.value, depth);
  }
  return result;
}

function attributes(leaves: Leaves, pairs: unknown): Attributes {
  const result = map(leaves, list(pairs, 'attributes'), 0);
  for (const key in result) {
    const v = result[key];
    if (typeof v === 'object') result[key] = JSON.stringify(v);
    else if (v === undefined) delete result[key];
  }
  return result as Attributes;
}

const zero = /^0+$/;

function toSpan(leaves: Leaves, s: unknown, resource: Attributes, scope: string): Span {
  if (!isObject(s)) throw new Error(`a span is ${show(s)}; it takes an object`);
  const traceId = leaves.id(s.traceId, 16, 'traceId');
  if (traceId === '' || zero.test(traceId)) throw new Error('traceId is missing or all zero');
  const spanId = leaves.id(s.spanId, 8, 'spanId');
  if (spanId === '' || zero.test(spanId)) throw new Error('spanId is missing or all zero');
  const parentSpanId = leaves.id(s.parentSpanId, 8, 'parentSpanId');
  const startMs = leaves.time(s.startTimeUnixNano, 'startTimeUnixNano');
  if (startMs === 0) throw new Error('startTimeUnixNano is missing or zero');
  const endMs = leaves.time(s.endTimeUnixNano, 'endTimeUnixNano');
  if (endMs === 0) throw new Error('endTimeUnixNano is missing or zero');
  if (endMs < startMs) throw new Error('endTimeUnixNano lies before startTimeUnixNano');
  const status = isObject(s.status) ? s.status : undefined;
  return {
    traceId,
    spanId,
    parentSpanId: zero.test(parentSpanId) ? '' : parentSpanId,
    name: leaves.text(s.name, 'name'),
    kind: KINDS[leaves.enum(s.kind, KIND_NAMES, 'kind')] ?? 'unspecified',
    startMs,
    endMs,
    status: (status && STATUSES[leaves.enum(status.code, STATUS_NAMES, 'status.code')]) ?? 'unset',
    statusMessage: status ? leaves.text(status.message, 'status.message') : '',
    attributes: attributes(leaves, s.attributes),
    resource,
    scope,
  };
}

function walk(leaves: Leaves, request: Loose): DecodedTraces {
  const spans: Span[] = [];
  const rejected: DecodedTraces['rejected'] = [];
  let index = 0;
  list(request.resourceSpans, 'resourceSpans').forEach((rs, r) => {
    const where = `resourceSpans[${r}]`;
    if (!isObject(rs)) throw new Error(`${where} is ${show(rs)}; it takes an object`);
    let resource: Attributes = {};
    let resourceFault: string | undefined;
    try {
      if (isObject(rs.resource)) resource = attributes(leaves, rs.resource.attributes);
    } catch (e) {
      // Without its resource no span of it can be told apart from another service's.
      resourceFault = `${where}.resource: ${(e as Error).message}`;
    }
    list(rs.scopeSpans, `${where}.scopeSpans`).forEach((ss, n) => {
      if (!isObject(ss)) throw new Error(`${where}.scopeSpans[${n}] is ${show(ss)}; it takes an object`);
      const scope = isObject(ss.scope) && typeof ss.scope.name === 'string' ? ss.scope.name : '';
      for (const s of list(ss.spans, `${where}.scopeSpans[${n}].spans`)) {
        try {
          if (resourceFault !== undefined) throw new Error(resourceFault);
          spans.push(toSpan(leaves, s, resource, scope));
        } catch (e) {
          rejected.push({ index, reason: (e as Error).message });
        }
        index++;
      }
    });
  });
  return { spans, rejected };
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Parses OTLP/JSON as far as "a JSON object that holds resourceSpans". Throws OTLP_INVALID. */
export function parseTracesJson(body: Buffer): Loose {
  let request: unknown;
  try {
    request = JSON.parse(utf8.decode(body));
  } catch (e) {
    throw new ShadowerError('OTLP_INVALID', `not JSON in UTF-8: ${(e as Error).message.slice(0, 200)}`, { cause: e });
  }
  if (!isObject(request))
    throw new ShadowerError('OTLP_INVALID', `the request is ${show(request)}; it takes an object`);
  const keys = Object.keys(request);
  // Unknown fields are ignored by rule, but a request of nothing else (snake_case, logs, metrics) must not vanish in silence.
  if (keys.length > 0 && request.resourceSpans === undefined)
    throw new ShadowerError('OTLP_INVALID', `no resourceSpans in the request; it has ${keys.slice(0, 5).join(', ')}`);
  return request;
}

/** Which of the two encodings a request has: JSON starts with a brace; protobuf with the tag of its field 1. */
export const sniffEncoding = (body: Buffer): 'otlp_json' | 'otlp_proto' =>
  body[0] === 0x7b ? 'otlp_json' : 'otlp_proto';

/**
 * Decodes a trace request. Spans with an invalid id, time or attribute are listed in `rejected`, the others are kept.
 * Throws OTLP_INVALID, saying where, when the request as a whole cannot be read.
 */
export function decodeTraces(body: Buffer, encoding: TraceEncoding): DecodedTraces {
  const actual = encoding === 'otlp' ? sniffEncoding(body) : encoding;
  if (actual === 'otlp_json') {
    const request = parseTracesJson(body);
    try {
      return walk(json, request);
    } catch (e) {
      throw new ShadowerError('OTLP_INVALID', (e as Error).message, { cause: e });
    }
  }
  try {
    return walk(proto, ExportTraceServiceRequest.decode(body) as unknown as Loose);
  } catch (e) {
    throw new ShadowerError('OTLP_INVALID', `not protobuf of it (${body.length} bytes): ${(e as Error).message}`, {
      cause: e,
    });
  }
}

/** Attributes of a resource as JSON or as protobuf bytes; used when a request is split. Empty when it cannot be read. */
export function resourceAttributes(resource: unknown): Attributes {
  try {
    if (Buffer.isBuffer(resource)) return attributes(proto, (Resource.decode(resource) as unknown as Loose).attributes);
    return isObject(resource) ? attributes(json, resource.attributes) : {};
  } catch {
    return {};
  }
}
