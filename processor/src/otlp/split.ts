/**
 * Cuts a trace request into records for the log: none larger than the log takes, none with two workspaces. Protobuf is
 * cut between its own bytes, so fields that are not read here (events, links …) stay as they were sent.
 */
import { Reader } from 'protobufjs';
import { parseTracesJson, resourceAttributes } from './decode';

export interface SplitOptions {
  encoding: 'otlp_json' | 'otlp_proto';
  /** Largest piece in bytes. A single span that is larger makes a piece of its own. */
  maxBytes: number;
  /** Resource attribute whose values must not mix within a piece. */
  attribute: string;
}
export interface Piece {
  /** Value of the attribute, undefined where the resource has none. */
  value: string | undefined;
  body: Buffer;
}

type Json = Record<string, unknown>;
const array = (v: unknown): Json[] => (Array.isArray(v) ? (v as Json[]) : []);

/** Collects parts of one value until the size is reached. */
class Pieces<T> {
  readonly done: Piece[] = [];
  private readonly open = new Map<string | undefined, { parts: T[]; bytes: number }>();
  constructor(
    private readonly maxBytes: number,
    private readonly close: (parts: T[]) => Buffer,
  ) {}
  add(value: string | undefined, part: T, bytes: number): void {
    let o = this.open.get(value);
    if (o !== undefined && o.bytes + bytes > this.maxBytes) {
      this.done.push({ value, body: this.close(o.parts) });
      o = undefined;
    }
    if (o === undefined) this.open.set(value, (o = { parts: [], bytes: 0 }));
    o.parts.push(part);
    o.bytes += bytes;
  }
  all(): Piece[] {
    for (const [value, o] of this.open) this.done.push({ value, body: this.close(o.parts) });
    this.open.clear();
    return this.done;
  }
}

const valueOf = (resource: unknown, attribute: string): string | undefined => {
  const v = resourceAttributes(resource)[attribute];
  return v === undefined || v === '' ? undefined : String(v);
};

function splitJson(body: Buffer, o: SplitOptions): Piece[] {
  const close = (parts: string[]): Buffer => Buffer.from(`{"resourceSpans":[${parts.join(',')}]}`);
  const pieces = new Pieces<string>(o.maxBytes - 20, close);
  for (const rs of array(parseTracesJson(body).resourceSpans)) {
    const value = valueOf(rs.resource, o.attribute);
    const text = JSON.stringify(rs);
    const bytes = Buffer.byteLength(text) + 1;
    if (bytes <= o.maxBytes - 20) {
      pieces.add(value, text, bytes);
      continue;
    }
    for (const ss of array(rs.scopeSpans)) {
      const head = JSON.stringify({ ...rs, scopeSpans: [{ ...ss, spans: [] }] });
      const at = head.lastIndexOf('"spans":[]') + 9;
      const spans = new Pieces<string>(Math.max(1, o.maxBytes - 21 - Buffer.byteLength(head)), (parts) =>
        Buffer.from(head.slice(0, at) + parts.join(',') + head.slice(at)),
      );
      for (const span of array(ss.spans)) {
        const s = JSON.stringify(span);
        spans.add(value, s, Buffer.byteLength(s) + 1);
      }
      for (const p of spans.all()) pieces.add(value, p.body.toString(), p.body.length + 1);
    }
  }
  return pieces.all();
}

interface Field {
  id: number;
  /** Tag and content, as sent. */
  raw: Buffer;
  /** Content of a length-delimited field. */
  content: Buffer;
}

function fields(body: Buffer): Field[] {
  const r = Reader.create(body);
  const result: Field[] = [];
  while (r.pos < r.len) {
    const from = r.pos;
    const tag = r.uint32();
    const wire = tag & 7;
    let content = Buffer.alloc(0);
    if (wire === 2) content = r.bytes() as Buffer<ArrayBuffer>;
    else r.skipType(wire, 0, tag >>> 3);
    result.push({ id: tag >>> 3, raw: body.subarray(from, r.pos), content });
  }
  return result;
}

function message(id: number, parts: Buffer[]): Buffer {
  let length = parts.reduce((n, p) => n + p.length, 0);
  const head = [(id << 3) | 2];
  for (; length > 127; length = Math.floor(length / 128)) head.push((length % 128) | 128);
  head.push(length);
  return Buffer.concat([Buffer.from(head), ...parts]);
}

// Tags and lengths that wrap a span: two messages, at most 6 bytes each.
const OVERHEAD = 12;

function splitProto(body: Buffer, o: SplitOptions): Piece[] {
  const pieces = new Pieces<Buffer>(o.maxBytes, (parts) => Buffer.concat(parts));
  for (const rs of fields(body)) {
    if (rs.id !== 1) continue;
    const inner = fields(rs.content);
    // A message field that is sent twice is merged, which is what concatenating its bytes does.
    const resource = inner.filter((f) => f.id === 1).map((f) => f.content);
    const value = resource.length === 0 ? undefined : valueOf(Buffer.concat(resource), o.attribute);
    if (rs.raw.length <= o.maxBytes) {
      pieces.add(value, rs.raw, rs.raw.length);
      continue;
    }
    const around = inner.filter((f) => f.id !== 2).map((f) => f.raw);
    const aroundBytes = around.reduce((n, p) => n + p.length, 0);
    for (const ss of inner) {
      if (ss.id !== 2) continue;
      const scope = fields(ss.content);
      const head = scope.filter((f) => f.id !== 2).map((f) => f.raw);
      const room = o.maxBytes - OVERHEAD - aroundBytes - head.reduce((n, p) => n + p.length, 0);
      const spans = new Pieces<Buffer>(Math.max(1, room), (parts) =>
        message(1, [...around, message(2, [...head, ...parts])]),
      );
      for (const span of scope) if (span.id === 2) spans.add(value, span.raw, span.raw.length);
      for (const p of spans.all()) pieces.add(value, p.body, p.body.length);
    }
  }
  return pieces.all();
}

/** Cuts a request that `decodeTraces` has accepted. The same body always gives the same pieces, so a retry repeats them. */
export const splitTraces = (body: Buffer, options: SplitOptions): Piece[] =>
  options.encoding === 'otlp_json' ? splitJson(body, options) : splitProto(body, options);
