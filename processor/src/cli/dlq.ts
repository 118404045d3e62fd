/** Dead letters through the API: found by filters, read whole, and sent in again through the ordinary intake. */
import { DEAD_LETTER_PAYLOADS, DEAD_LETTERS } from '../domains';
import { ShadowerError } from '../errors';
import { apiError, type Api } from './api-client';

/** Letters asked for at a time: at 64 KiB each, what one answer may hold. */
const PAGE = 200;
/** Events sent in one request. */
const CHUNK = 500;

export interface LetterFilter {
  workspace: string;
  /** Milliseconds, by when the record was appended. */
  from: number;
  to: number;
  codes?: readonly string[];
  topic?: string;
  partition?: number;
  offsetFrom?: number;
  offsetTo?: number;
  type?: readonly string[];
  contains?: readonly string[];
  /** Letters at most. */
  limit?: number;
}

/** What every letter has; times are ISO 8601. */
export interface Letter {
  time: string;
  code: string;
  reason: string;
  topic: string;
  part: number;
  off: number;
  idx: number;
  payload_bytes: number;
}
export interface WholeLetter extends Letter {
  /** As it was sent, up to 64 KiB. */
  payload: Buffer;
  /** Whether more was sent than is kept. */
  cut: boolean;
}

export const placeOf = (l: Letter): string => `${l.topic}/${l.part}/${l.off}/${l.idx}`;

const one = (v: string | number | undefined): string[] => (v === undefined ? [] : [String(v)]);
const paramsOf = (f: LetterFilter): Record<string, string[]> => ({
  code: [...(f.codes ?? [])],
  topic: one(f.topic),
  partition: one(f.partition),
  offset_from: one(f.offsetFrom),
  offset_to: one(f.offsetTo),
  type: [...(f.type ?? [])],
  contains: [...(f.contains ?? [])],
});
const rangeOf = (f: LetterFilter) => ({ workspace: f.workspace, from: String(f.from), to: String(f.to) });

/** The letters, the newest first, without their payloads. `more` says that there are others beyond the limit. */
export async function listLetters(api: Api, f: LetterFilter): Promise<{ letters: Letter[]; more: boolean }> {
  const answer = await api.query(DEAD_LETTERS, {
    ...rangeOf(f),
    params: paramsOf(f),
    columns: ['time', 'code', 'reason', 'topic', 'part', 'off', 'idx', 'payload_bytes'],
    ...(f.limit !== undefined && { limit: f.limit }),
  });
  return { letters: (answer.parts.main ?? []) as unknown as Letter[], more: answer.meta.truncated };
}

/** The letters with their payloads, in the order of their places, a page in memory at a time. */
export async function* wholeLetters(api: Api, f: LetterFilter): AsyncGenerator<WholeLetter> {
  let after: string[] = [];
  for (let left = f.limit ?? Infinity; left > 0;) {
    const answer = await api.query(DEAD_LETTER_PAYLOADS, {
      ...rangeOf(f),
      params: { ...paramsOf(f), after },
      limit: Math.min(PAGE, left),
    });
    for (const row of answer.parts.main ?? []) {
      const { payload_base64, ...letter } = row as unknown as Letter & { payload_base64: string };
      const payload = Buffer.from(payload_base64, 'base64');
      after = [letter.topic, String(letter.part), String(letter.off), String(letter.idx)];
      left--;
      yield { ...letter, payload, cut: payload.length < letter.payload_bytes };
    }
    if (!answer.meta.truncated) return;
  }
}

/** `topic/partition/offset` with or without `/index`. @throws ShadowerError REQUEST_INVALID */
export function parsePlace(text: string): { topic: string; partition: number; offset: number; idx?: number } {
  const m = /^([A-Za-z0-9._-]+)\/(\d+)\/(\d+)(?:\/(\d+))?$/.exec(text);
  if (m === null)
    throw new ShadowerError(
      'REQUEST_INVALID',
      `"${text}" is no place; write topic/partition/offset or topic/partition/offset/index`,
    );
  return {
    topic: m[1]!,
    partition: Number(m[2]),
    offset: Number(m[3]),
    ...(m[4] !== undefined && { idx: Number(m[4]) }),
  };
}

export interface ReplayReport {
  /** Letters sent (in a dry run: that would be). An OTLP request that left several letters counts as each of them. */
  sent: number;
  accepted: number;
  refused: number;
  /** Letters of which only the first 64 KiB are kept, and letters without any payload. */
  cut: number;
  empty: number;
  /** Requests to the OTLP intake that hold some of them. */
  otlp: number;
}

const OTLP = 'OTLP_INVALID';
const LINE_BREAKS = new Set([0x0a, 0x0d]);

/**
 * The event as it is sent again. Its id is its identity, so that a replay counts once however often it is run; one that has
 * none gets the place of its letter for an id. NDJSON is sent, so a line break inside a payload must not make two events.
 */
export function replayLine(letter: WholeLetter): Buffer {
  const line = Buffer.from(letter.payload);
  for (let i = 0; i < line.length; i++) if (LINE_BREAKS.has(line[i]!)) line[i] = 0x20;
  let event: unknown;
  try {
    event = JSON.parse(line.toString('utf8'));
  } catch {
    return line; // to be refused again, for the same reason
  }
  if (typeof event !== 'object' || event === null || Array.isArray(event) || 'event_id' in event) return line;
  // Into the text, so that nothing else of it changes.
  const start = line.indexOf(0x7b) + 1;
  const id = `"event_id":${JSON.stringify(`dlq:${placeOf(letter)}`)}${Object.keys(event).length === 0 ? '' : ','}`;
  return Buffer.concat([line.subarray(0, start), Buffer.from(id), line.subarray(start)]);
}

/** Sends the letters in again: events to /v1/events, OTLP requests to /v1/traces, each request once. */
export async function replayLetters(
  api: Api,
  f: LetterFilter,
  o: {
    /** Workspace for what names none; the filter's by default. */
    into?: string;
    dryRun?: boolean;
    /** Told of each letter before it is sent. */
    each?: (letter: WholeLetter, to: string) => void;
  } = {},
): Promise<ReplayReport> {
  const report: ReplayReport = { sent: 0, accepted: 0, refused: 0, cut: 0, empty: 0, otlp: 0 };
  const workspace = o.into ?? f.workspace;
  const headers: Record<string, string> = workspace === '' ? {} : { 'x-shadower-workspace': workspace };
  let lines: Buffer[] = [];
  let last = { request: '', taken: false };

  const flush = async (): Promise<void> => {
    const chunk = lines;
    lines = [];
    if (chunk.length === 0 || o.dryRun) return;
    const data = Buffer.concat(chunk.flatMap((l) => [l, Buffer.from('\n')]));
    const { status, json } = await api.request('POST', '/v1/events', { type: 'application/x-ndjson', data }, headers);
    const rejected = (json.rejectedCount ??
      (json.details as { rejectedCount?: unknown } | undefined)?.rejectedCount) as number | undefined;
    if (status >= 400 && rejected === undefined) throw apiError(json, status);
    report.refused += rejected ?? 0;
    report.accepted += chunk.length - (rejected ?? 0);
  };

  /** Whether all of its spans were taken. */
  const sendTraces = async (letter: WholeLetter): Promise<boolean> => {
    const isJson = letter.payload[0] === 0x7b;
    const { status, json } = await api.request(
      'POST',
      '/v1/traces',
      { type: isJson ? 'application/json' : 'application/x-protobuf', data: letter.payload },
      headers,
    );
    if (status !== 400 && status >= 400) throw apiError(json, status);
    // The answer to protobuf is protobuf, and empty unless some span was refused.
    const partial = isJson
      ? (json.partialSuccess as { rejectedSpans?: unknown } | undefined)?.rejectedSpans
      : json.message;
    return status < 400 && (partial === undefined || Number(partial) === 0);
  };

  for await (const letter of wholeLetters(api, f)) {
    if (letter.payload.length === 0) report.empty++;
    else if (letter.cut) report.cut++;
    else if (letter.code === OTLP) {
      o.each?.(letter, '/v1/traces');
      report.sent++;
      // Each refused span left a letter with the whole request in it; sending that once is enough.
      const request = `${letter.topic}/${letter.part}/${letter.off}`;
      if (request !== last.request) {
        report.otlp++;
        last = { request, taken: !o.dryRun && (await sendTraces(letter)) };
      }
      if (!o.dryRun) report[last.taken ? 'accepted' : 'refused']++;
    } else {
      o.each?.(letter, '/v1/events');
      report.sent++;
      lines.push(replayLine(letter));
      if (lines.length >= CHUNK) await flush();
    }
  }
  await flush();
  return report;
}
