/**
 * `shadower load FILE`: NDJSON events or OTLP/JSON lines (one ExportTraceServiceRequest a line), plain or gzip, sent to a
 * running processor. Events without an id get one made of the file and the line, so that loading a file again counts nothing
 * twice.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { createGunzip } from 'node:zlib';
import { ShadowerError } from '../errors';
import { HTTP_LIMITS } from '../http';
import { apiError, type Api } from './api-client';

export interface LoadOptions {
  /** Added to every time, milliseconds; `now` moves the latest time of the file to the present. */
  shift: number | 'now';
  /** Factor of the original speed; Infinity sends as fast as it is taken. */
  speed: number;
  workspace?: string;
  /** Requests in flight. */
  concurrency: number;
  progress?: (p: LoadProgress) => void;
  /** Ends the load where it is; `loadFile` then rejects. */
  signal?: AbortSignal;
}
export interface LoadProgress {
  lines: number;
  bytes: number;
  totalBytes: number;
}
export interface Refusal {
  line: number;
  code: string;
  reason: string;
}
export interface LoadReport {
  lines: number;
  /** Events and spans that were taken in. */
  accepted: number;
  /** What was refused, the first 1000 in detail. */
  refused: number;
  refusals: Refusal[];
  /** Earliest and latest time sent, milliseconds; undefined where nothing had one. */
  from?: number;
  to?: number;
  /** Set when the file ends in the middle of its compressed stream; everything before it was sent. */
  truncated?: string;
}

const MAX_REFUSALS = 1000;
/** Events per request, and bytes. */
const CHUNK_EVENTS = 2000;
const CHUNK_BYTES = 4 * 1024 * 1024;
/** Longest line, so that a file without line breaks cannot fill the memory: what a request may hold. */
const MAX_LINE_BYTES = HTTP_LIMITS.bodyBytes;

interface Line {
  number: number;
  text: string;
  /** The line as it is in the file, where it is not UTF-8: it is sent unchanged, to be refused for what it is. */
  raw?: Buffer;
}
interface LongLine {
  number: number;
  /** Its length; the line itself is not kept. */
  bytes: number;
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function decoded(number: number, bytes: Buffer): Line {
  try {
    return { number, text: utf8.decode(bytes) };
  } catch {
    return { number, text: bytes.toString('utf8'), raw: bytes };
  }
}

async function isGzip(file: string): Promise<boolean> {
  const handle = await open(file, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(2), 0, 2, 0);
    return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b;
  } finally {
    await handle.close();
  }
}

/** Lines of the file. A damaged or truncated gzip ends the lines and is told through `broken`; the cut line is not given. */
async function* readLines(
  file: string,
  seen: (bytes: number) => void,
  broken: (reason: string) => void,
): AsyncGenerator<Line | LongLine> {
  const gzip = await isGzip(file);
  const raw = createReadStream(file);
  const input = gzip ? raw.pipe(createGunzip()) : raw;
  if (gzip) raw.on('error', (e) => input.destroy(e));
  raw.on('data', (chunk) => seen(chunk.length));
  let number = 0;
  let rest: Buffer[] = [];
  let length = 0;
  const keep = (part: Buffer): void => {
    length += part.length;
    if (length <= MAX_LINE_BYTES) rest.push(part);
    else rest = [];
  };
  const line = (): Line | LongLine => {
    const whole = length > MAX_LINE_BYTES ? { number, bytes: length } : decoded(number, Buffer.concat(rest));
    rest = [];
    length = 0;
    return whole;
  };
  const isBlank = (l: Line | LongLine): boolean => 'text' in l && l.text.trim() === '';
  try {
    for await (const chunk of input as AsyncIterable<Buffer>) {
      let from = 0;
      for (let to = chunk.indexOf(0x0a); to >= 0; to = chunk.indexOf(0x0a, from)) {
        keep(chunk.subarray(from, to));
        from = to + 1;
        number++;
        const l = line();
        if (!isBlank(l)) yield l;
      }
      if (from < chunk.length) keep(chunk.subarray(from));
    }
  } catch (e) {
    broken(`${(e as Error).message} after line ${number}`);
    return;
  }
  number++;
  const last = line();
  if (!isBlank(last)) yield last;
}

const NANO = /"(startTimeUnixNano|endTimeUnixNano|timeUnixNano)"\s*:\s*"?(\d+)"?/g;
const isOtlp = (text: string): boolean => /^\s*\{\s*"resourceSpans"/.test(text.slice(0, 64));

/** Earliest and latest time in the line, milliseconds. */
function timesOf(text: string): [number, number] | undefined {
  let first = Infinity;
  let last = -Infinity;
  const take = (t: number): void => {
    if (t < first) first = t;
    if (t > last) last = t;
  };
  if (isOtlp(text)) for (const m of text.matchAll(NANO)) take(Number(BigInt(m[2]!) / 1_000_000n));
  else {
    const m = /"time"\s*:\s*(?:"([^"]+)"|(\d+))/.exec(text);
    const t = m === null ? NaN : m[1] === undefined ? Number(m[2]) : Date.parse(m[1]);
    if (Number.isFinite(t)) take(t);
  }
  return first <= last ? [first, last] : undefined;
}

function shifted(text: string, by: number): string {
  if (by === 0) return text;
  if (isOtlp(text))
    return text.replace(
      NANO,
      (_m, key: string, nano: string) => `"${key}":"${BigInt(nano) + BigInt(by) * 1_000_000n}"`,
    );
  try {
    const event = JSON.parse(text) as { time?: string | number };
    const t = typeof event.time === 'string' ? Date.parse(event.time) : event.time;
    if (typeof t === 'number' && Number.isFinite(t)) event.time = t + by;
    return JSON.stringify(event);
  } catch {
    return text; // What is not JSON is sent as it is, and becomes a dead letter.
  }
}

/** Gives an event without an id one that is the same whenever this file is loaded. */
function identified(text: string, file: string, line: number): string {
  if (/"event_id"\s*:/.test(text)) return text;
  try {
    const event = JSON.parse(text) as Record<string, unknown>;
    if (typeof event !== 'object' || event === null || Array.isArray(event)) return text;
    return JSON.stringify({ ...event, event_id: `file:${file}:${line}` });
  } catch {
    return text;
  }
}

async function fingerprint(file: string): Promise<string> {
  const handle = await open(file, 'r');
  try {
    const { size } = await handle.stat();
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(1024 * 1024), 0, 1024 * 1024, 0);
    return createHash('sha256').update(buffer.subarray(0, bytesRead)).update(String(size)).digest('hex').slice(0, 24);
  } finally {
    await handle.close();
  }
}

const joined = (lines: readonly Line[]): Buffer | string =>
  lines.every((l) => l.raw === undefined)
    ? lines.map((l) => l.text).join('\n')
    : Buffer.concat(lines.flatMap((l) => [l.raw ?? Buffer.from(l.text), Buffer.from('\n')]));

/** @throws ShadowerError when the processor refuses everything (credentials, outage); bad lines are in the report */
export async function loadFile(api: Api, file: string, o: LoadOptions): Promise<LoadReport> {
  const { size } = await stat(file).catch((e: Error) => {
    throw new ShadowerError('CONFIG_INVALID', `${file}: ${e.message}`);
  });
  const report: LoadReport = { lines: 0, accepted: 0, refused: 0, refusals: [] };
  let shift = o.shift === 'now' ? 0 : o.shift;
  if (o.shift === 'now') {
    let latest = -Infinity;
    for await (const l of readLines(
      file,
      () => {},
      () => {},
    ))
      if ('text' in l) latest = Math.max(latest, timesOf(l.text)?.[1] ?? -Infinity);
    if (latest > 0) shift = Date.now() - latest;
  }
  const id = await fingerprint(file);
  const headers: Record<string, string> = o.workspace === undefined ? {} : { 'x-shadower-workspace': o.workspace };
  const refuse = (line: number, code: string, reason: string, n = 1): void => {
    report.refused += n;
    if (report.refusals.length < MAX_REFUSALS) report.refusals.push({ line, code, reason });
  };

  const wait = (ms: number): Promise<void> =>
    setTimeout(ms, undefined, o.signal === undefined ? {} : { signal: o.signal });
  const post = async (
    path: string,
    data: Buffer | string,
    type: string,
  ): Promise<{ status: number; json: Record<string, unknown> }> => {
    for (let attempt = 0; ; attempt++) {
      const answer = await api.request('POST', path, { type, data }, headers);
      // Overload and outages pass; what was sent twice is recognised by its ids.
      if (![429, 503].includes(answer.status) || attempt >= 30) return answer;
      await wait(Math.min(5000, 200 * 2 ** attempt));
    }
  };
  const fail = (json: Record<string, unknown>, status: number): void => {
    if (status === 401 || status === 403 || status >= 500) throw apiError(json, status);
  };
  const sendTraces = async (line: Line): Promise<void> => {
    const { status, json } = await post('/v1/traces', line.raw ?? line.text, 'application/json');
    if (status >= 400) {
      fail(json, status);
      refuse(line.number, String(json.code ?? status), String(json.message ?? 'refused'));
      return;
    }
    const spans = [...line.text.matchAll(/"spanId"\s*:/g)].length;
    const partial = json.partialSuccess as { rejectedSpans?: string | number; errorMessage?: string } | undefined;
    const rejected = Number(partial?.rejectedSpans ?? 0);
    report.accepted += spans - rejected;
    if (rejected > 0) refuse(line.number, 'OTLP_INVALID', partial?.errorMessage ?? 'spans refused', rejected);
  };
  const sendEvents = async (chunk: Line[]): Promise<void> => {
    const { status, json } = await post('/v1/events', joined(chunk), 'application/x-ndjson');
    const rejected = (json.rejected ?? (json.details as { rejected?: unknown } | undefined)?.rejected) as
      { index: number; code: string; reason: string }[] | undefined;
    if (status >= 400 && rejected === undefined) {
      fail(json, status);
      for (const l of chunk) refuse(l.number, String(json.code ?? status), String(json.message ?? 'refused'));
      return;
    }
    report.accepted += chunk.length - (rejected?.length ?? 0);
    for (const r of rejected ?? []) refuse(chunk[r.index]?.number ?? 0, r.code, r.reason);
  };

  const running = new Set<Promise<void>>();
  let failure: unknown;
  const launch = async (work: Promise<void>): Promise<void> => {
    const tracked: Promise<void> = work
      .catch((e: unknown) => void (failure ??= e))
      .finally(() => running.delete(tracked));
    running.add(tracked);
    if (running.size >= o.concurrency) await Promise.race(running);
    if (failure !== undefined) throw failure;
  };
  let chunk: Line[] = [];
  let chunkBytes = 0;
  const flush = async (): Promise<void> => {
    if (chunk.length === 0) return;
    const full = chunk;
    chunk = [];
    chunkBytes = 0;
    await launch(sendEvents(full));
  };
  const started = Date.now();
  let begin: number | undefined;
  let bytes = 0;
  for await (const line of readLines(
    file,
    (n) => (bytes += n),
    (reason) => (report.truncated = reason),
  )) {
    o.signal?.throwIfAborted();
    report.lines++;
    if ('bytes' in line) {
      refuse(line.number, 'EVENT_TOO_LARGE', `${line.bytes} bytes; the limit for one line is ${MAX_LINE_BYTES}`);
      continue;
    }
    const { number, text, raw } = line;
    const times = timesOf(text);
    if (times !== undefined) {
      report.from = Math.min(report.from ?? Infinity, times[0] + shift);
      report.to = Math.max(report.to ?? -Infinity, times[1] + shift);
      if (Number.isFinite(o.speed)) {
        begin ??= times[0];
        const due = started + (times[0] - begin) / o.speed;
        if (due > Date.now()) {
          await flush();
          await wait(due - Date.now());
        }
      }
    }
    // What is not UTF-8 is sent as it is: re-encoded it would pass for something that nobody wrote.
    const moved = raw === undefined ? { number, text: shifted(text, shift) } : line;
    if (isOtlp(text)) await launch(sendTraces(moved));
    else {
      const own = raw === undefined ? { number, text: identified(moved.text, id, number) } : line;
      const size = Buffer.byteLength(own.text);
      // A long line goes by itself, so that the request stays within what the API takes.
      if (chunkBytes + size > CHUNK_BYTES) await flush();
      chunk.push(own);
      chunkBytes += size;
      if (chunk.length >= CHUNK_EVENTS || chunkBytes >= CHUNK_BYTES) await flush();
    }
    o.progress?.({ lines: report.lines, bytes, totalBytes: size });
  }
  await flush();
  await Promise.all(running);
  if (failure !== undefined) throw failure;
  // Requests answer in any order; a person reads by line.
  report.refusals.sort((x, y) => x.line - y.line);
  return report;
}
