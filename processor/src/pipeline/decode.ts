/** Records → items: events, dead letters, and what is ignored for a named reason. Never throws on bad input. */
import { envelope, type Domain, type Span } from '../domains/define';
import { ShadowerError, type ErrorCode } from '../errors';
import type { Encoding, LogRecord } from './ports';
import { createValidator, type ValidEvent } from './validate';

export interface DeadLetter {
  workspace: string;
  idx: number;
  code: ErrorCode;
  reason: string;
  payload: Buffer;
}
export type Item =
  | { kind: 'event'; idx: number; event: ValidEvent }
  | { kind: 'dead_letter'; letter: DeadLetter }
  | { kind: 'ignored'; workspace: string; reason: string };

/** How one topic is read. */
export interface TopicSpec {
  topic: string;
  encoding: Encoding;
  /** Event type that the topic implies, for `event_json`. */
  type?: string;
  /** Workspace of records that name none (Kafka topics fed by a Collector). */
  workspace?: string;
}

/** Span decoder of `otlp/`, injected so that the pipeline knows no wire format but JSON. */
export type TraceDecoder = (
  body: Buffer,
  encoding: 'otlp' | 'otlp_json' | 'otlp_proto',
) => { spans: Span[]; rejected: { index: number; reason: string }[] };

export interface DecodeLimits {
  /** Largest record, bytes. */
  maxRecordBytes: number;
}
export const DECODE_LIMITS: DecodeLimits = { maxRecordBytes: 8 * 1024 * 1024 };

/** Record header that names the workspace; written by the HTTP inputs from the caller's credentials. */
export const WORKSPACE_HEADER = 'workspace';
/** Resource attribute that names the workspace of spans. */
export const WORKSPACE_ATTRIBUTE = 'shadower.workspace';

const utf8 = new TextDecoder('utf-8', { fatal: true });

export type Decoder = (spec: TopicSpec, record: LogRecord) => Item[];

export function createDecoder(
  domains: readonly Domain[],
  decodeTraces: TraceDecoder,
  limits: DecodeLimits = DECODE_LIMITS,
): Decoder {
  const validate = createValidator(domains);
  const mappings = domains.flatMap((d) => (d.spans ? [d.spans] : []));

  const judge = (
    event: unknown,
    idx: number,
    impliedType: string | undefined,
    workspace: string,
    payload: () => Buffer,
  ): Item => {
    const verdict = validate(event, impliedType);
    if (verdict.ok) return { kind: 'event', idx, event: verdict.event };
    const own = envelope.workspace.safeParse((event as { workspace?: unknown } | null)?.workspace);
    return {
      kind: 'dead_letter',
      letter: {
        // Only a well-formed name is believed; it is what the dead letter will be fenced by.
        workspace: own.success ? own.data : workspace,
        idx,
        code: verdict.code,
        reason: verdict.reason,
        payload: payload(),
      },
    };
  };

  const decodeSpans = (spec: TopicSpec, value: Buffer, workspace: string): Item[] => {
    const { spans, rejected } = decodeTraces(value, spec.encoding as 'otlp');
    const items: Item[] = rejected.map((r) => ({
      kind: 'dead_letter',
      letter: { workspace, idx: r.index, code: 'OTLP_INVALID', reason: `span ${r.index}: ${r.reason}`, payload: value },
    }));
    spans.forEach((span, idx) => {
      const spanWorkspace = workspace || String(span.resource[WORKSPACE_ATTRIBUTE] ?? '');
      const ignored: string[] = [];
      let used = false;
      for (const map of mappings) {
        const result = map(span);
        if ('ignored' in result) {
          ignored.push(result.ignored);
          continue;
        }
        used = true;
        for (const e of result.events) {
          const event: Record<string, unknown> = { workspace: spanWorkspace };
          for (const [k, v] of Object.entries(e)) if (v !== undefined) event[k] = v;
          items.push(judge(event, idx, undefined, spanWorkspace, () => Buffer.from(JSON.stringify(event))));
        }
      }
      // A span that no domain wants is counted once, under the reasons of all.
      const reason = [...new Set(ignored)].join(', ') || 'no_span_mapping';
      if (!used) items.push({ kind: 'ignored', workspace: spanWorkspace, reason });
    });
    return items;
  };

  return (spec, record) => {
    const workspace = record.headers[WORKSPACE_HEADER] ?? spec.workspace ?? '';
    const dead = (code: ErrorCode, reason: string): Item[] => [
      { kind: 'dead_letter', letter: { workspace, idx: 0, code, reason, payload: record.value ?? Buffer.alloc(0) } },
    ];
    if (record.value === null || record.value.length === 0) return dead('EVENT_EMPTY', 'the record has no value');
    if (record.value.length > limits.maxRecordBytes)
      return dead('EVENT_TOO_LARGE', `${record.value.length} bytes; the limit is ${limits.maxRecordBytes}`);
    if (spec.encoding !== 'event_json') {
      try {
        return decodeSpans(spec, record.value, workspace);
      } catch (e) {
        if (e instanceof ShadowerError) return dead(e.code, e.message);
        return dead('OTLP_INVALID', (e as Error).message);
      }
    }
    let text: string;
    try {
      text = utf8.decode(record.value);
    } catch {
      return dead('EVENT_NOT_UTF8', 'the record is not valid UTF-8');
    }
    let event: unknown;
    try {
      event = JSON.parse(text);
    } catch (e) {
      return dead('EVENT_NOT_JSON', (e as Error).message.slice(0, 300));
    }
    // Inside a workspace's own intake an event needs not repeat it; a different one was refused at the door.
    if (
      workspace !== '' &&
      typeof event === 'object' &&
      event !== null &&
      (event as { workspace?: unknown }).workspace === undefined
    )
      (event as { workspace?: string }).workspace = workspace;
    return [judge(event, 0, spec.type, workspace, () => record.value!)];
  };
}
