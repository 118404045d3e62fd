/** ClickHouse's HTTP interface over the engine: what a request says, what it gets back. */
import { createHash, randomUUID, timingSafeEqual } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { readFile, stat, unlink } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { once } from 'node:events';
import { finished } from 'node:stream/promises';
import { promisify } from 'node:util';
import {
  brotliCompress,
  constants,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  deflate,
  gzip,
} from 'node:zlib';
import type { Engine, Result } from './engine';
import { ClickHouseException, exception, fromEngine } from './errors';
import { quote, readOptions, assignments, type RequestOptions } from './settings';
import { checkValues, readStatement, type Statement } from './sql-guard';

export interface User {
  name: string;
  /** May be empty on a loopback listener only. */
  password: string;
  /** SELECT, SHOW, DESCRIBE, EXISTS and EXPLAIN only. */
  readonly?: boolean;
}

export interface HttpLimits {
  /** Request body after decompression, bytes. */
  bodyBytes: number;
  /** SQL text, bytes (data of an INSERT does not count). */
  queryBytes: number;
  /** Data of `INSERT … VALUES`, bytes; other formats have `bodyBytes`. */
  valuesBytes: number;
  /** Result as the engine writes it, bytes. It is held in memory. */
  resultBytes: number;
  /** Default of `max_execution_time` for statements that read, seconds. */
  executionSeconds: number;
  /** After this a statement is killed whatever it asked for, seconds. */
  hardSeconds: number;
  /** Default of `max_memory_usage` per statement, bytes. */
  memoryBytes: number;
}

export interface HttpContext {
  engine: Engine;
  users: readonly User[];
  limits: HttpLimits;
  /** Directory for bodies on their way into the engine. */
  spoolDir: string;
  knownSettings: ReadonlySet<string>;
  version: string;
  timezone: string;
  log: (level: 'info' | 'warn' | 'error', message: string, fields?: Record<string, unknown>) => void;
}

const HEAD_BYTES = 256 * 1024;
const MULTIPART_BYTES = 16 * 1024 * 1024;
const DISPLAY_NAME = hostname();

const CONTENT_TYPES: [RegExp, string][] = [
  [/^JSON.*EachRow|^NDJSON|^JSONLines/i, 'application/x-ndjson; charset=UTF-8'],
  [/^JSON/i, 'application/json; charset=UTF-8'],
  [/^CSV/i, 'text/csv; charset=UTF-8; header=present'],
  [/^(TabSeparated|TSV)/i, 'text/tab-separated-values; charset=UTF-8'],
  [/^XML$/i, 'application/xml; charset=UTF-8'],
  [/^(Native|RowBinary|Arrow|Parquet|ORC|Avro|MsgPack|Protobuf|CapnProto|BSON)/i, 'application/octet-stream'],
];
const contentType = (format: string): string =>
  CONTENT_TYPES.find(([re]) => re.test(format))?.[1] ?? 'text/plain; charset=UTF-8';

/** Answers one request; never throws. */
export async function handle(ctx: HttpContext, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const gone = new AbortController();
  res.on('close', () => {
    if (!res.writableFinished) gone.abort();
  });
  res.setHeader('X-ClickHouse-Server-Display-Name', DISPLAY_NAME);
  res.setHeader('X-ClickHouse-Timezone', ctx.timezone);
  try {
    const url = new URL(req.url ?? '/', 'http://localhost');
    if (url.pathname !== '/' || (req.method === 'GET' && url.search === '' && !req.headers.authorization)) {
      // As on a server, a bare GET / is a sign of life.
      if (url.pathname === '/ping' || url.pathname === '/' || url.pathname === '/replicas_status')
        return text(res, 200, 'Ok.\n');
      return text(
        res,
        404,
        `There is no handle ${url.pathname}\nUse / or /ping for health checks, or POST / with a query.\n`,
      );
    }
    if (req.method !== 'GET' && req.method !== 'POST' && req.method !== 'HEAD') {
      res.setHeader('Allow', 'GET, HEAD, POST');
      return text(res, 405, 'Use GET, HEAD or POST.\n');
    }
    await serve(ctx, req, res, url, gone.signal);
  } catch (error) {
    const known =
      error instanceof URIError || (error as { code?: string }).code === 'ERR_INVALID_URL'
        ? exception(36, 'The URL cannot be read.')
        : fromEngine(error);
    if (known.code === 1001) ctx.log('error', 'request failed', { error: known.message });
    fail(ctx, req, res, known);
  }
}

function fail(ctx: HttpContext, req: IncomingMessage, res: ServerResponse, error: ClickHouseException): void {
  if (res.headersSent || res.destroyed) return;
  if (!req.complete) {
    // The rest of the body is of no use; let the client read the answer, then end the connection.
    res.setHeader('Connection', 'close');
    req.resume();
  }
  res.setHeader('X-ClickHouse-Exception-Code', String(error.code));
  if (error.status === 401) res.setHeader('WWW-Authenticate', 'Basic realm="ClickHouse server HTTP API"');
  if (error.status === 503) res.setHeader('Retry-After', '1');
  text(res, error.status, `${error.message} (version ${ctx.version} (embedded))\n`);
}

function text(res: ServerResponse, status: number, body: string): void {
  const bytes = Buffer.from(body);
  res.writeHead(status, { 'Content-Type': 'text/plain; charset=UTF-8', 'Content-Length': bytes.length });
  res.end(bytes);
}

const header = (req: IncomingMessage, name: string): string | undefined => {
  const value = req.headers[name];
  return Array.isArray(value) ? value[0] : value;
};

// ---------------------------------------------------------------- who

const digest = (value: string): Buffer => createHash('sha256').update(value).digest();

function authenticate(ctx: HttpContext, req: IncomingMessage, url: { user?: string; password?: string }): User {
  let name = header(req, 'x-clickhouse-user');
  let password = header(req, 'x-clickhouse-key');
  const basic = /^Basic\s+(\S+)$/i.exec(header(req, 'authorization') ?? '');
  const ways = [
    name !== undefined || password !== undefined,
    basic !== null,
    url.user !== undefined || url.password !== undefined,
  ];
  if (ways.filter(Boolean).length > 1 && !(ways[0] && !ways[1]))
    throw exception(
      516,
      'Invalid authentication: use one of the X-ClickHouse-User/Key headers, HTTP Basic, or user and password in the URL.',
    );
  if (basic) {
    const pair = Buffer.from(basic[1]!, 'base64').toString('utf8');
    const colon = pair.indexOf(':');
    name = colon < 0 ? pair : pair.slice(0, colon);
    password = colon < 0 ? '' : pair.slice(colon + 1);
  } else if (!ways[0]) ({ user: name, password } = url);
  const wantedName = digest(name ?? 'default');
  const wantedPassword = digest(password ?? '');
  let found: User | undefined;
  // Every user is compared in full, so that the time tells nothing.
  for (const user of ctx.users) {
    const sameName = timingSafeEqual(digest(user.name), wantedName);
    const samePassword = timingSafeEqual(digest(user.password), wantedPassword);
    if (sameName && samePassword) found = user;
  }
  if (found) return found;
  const detail = `${name ?? 'default'}: Authentication failed: password is incorrect, or there is no user with such name.`;
  throw exception(516, detail, ways.some(Boolean) ? 403 : 401);
}

// ---------------------------------------------------------------- what

/** A body that can be read piecemeal and left unread without tearing down the connection. */
class Body {
  private readonly iterator: AsyncIterator<Buffer>;
  private size = 0;
  ended = false;
  constructor(
    source: Readable,
    private readonly limit: number,
  ) {
    this.iterator = source.iterator({ destroyOnReturn: false })[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  }
  /** Next chunk, or undefined at the end. */
  async next(): Promise<Buffer | undefined> {
    if (this.ended) return undefined;
    let step: IteratorResult<Buffer>;
    try {
      step = await this.iterator.next();
    } catch (error) {
      this.ended = true;
      throw exception(117, `The request body cannot be read: ${(error as Error).message}.`, 400);
    }
    if (step.done) {
      this.ended = true;
      return undefined;
    }
    this.size += step.value.length;
    if (this.size > this.limit)
      throw exception(307, `The request body is larger than ${this.limit} bytes; send it in smaller inserts.`);
    return step.value;
  }
  /** Reads until `bytes` are there or the body ends. */
  async take(bytes: number, chunks: Buffer[] = []): Promise<Buffer> {
    let have = chunks.reduce((n, c) => n + c.length, 0);
    for (let c = have < bytes ? await this.next() : undefined; c; c = have < bytes ? await this.next() : undefined) {
      chunks.push(c);
      have += c.length;
    }
    return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
  }
}

function openBody(ctx: HttpContext, req: IncomingMessage): Body {
  const encoding = (header(req, 'content-encoding') ?? 'identity').trim().toLowerCase();
  const decoders: Record<string, () => NodeJS.ReadWriteStream & Readable> = {
    gzip: createGunzip,
    'x-gzip': createGunzip,
    deflate: createInflate,
    br: createBrotliDecompress,
  };
  if (encoding === 'identity' || encoding === '') return new Body(req, ctx.limits.bodyBytes);
  const make = decoders[encoding];
  if (!make)
    throw exception(
      48,
      `Content-Encoding ${encoding.slice(0, 40)} is not supported; use gzip, deflate, br or none.`,
      415,
    );
  const decoder = make();
  req.on('error', (error) => (decoder as unknown as { destroy(e: Error): void }).destroy(error));
  req.on('aborted', () =>
    (decoder as unknown as { destroy(e: Error): void }).destroy(new Error('the client went away')),
  );
  return new Body(req.pipe(decoder), ctx.limits.bodyBytes);
}

async function multipartFields(body: Body, type: string): Promise<[string, string][]> {
  const bytes = await body.take(MULTIPART_BYTES + 1);
  if (bytes.length > MULTIPART_BYTES) throw exception(307, `A multipart form is limited to ${MULTIPART_BYTES} bytes.`);
  let form: Awaited<ReturnType<Response['formData']>>;
  try {
    form = await new Response(new Uint8Array(bytes), { headers: { 'content-type': type } }).formData();
  } catch {
    throw exception(36, 'The multipart form cannot be read.');
  }
  const fields: [string, string][] = [];
  for (const [name, value] of form as unknown as Iterable<[string, string | Blob]>) {
    if (typeof value !== 'string')
      throw exception(
        48,
        `External data ('${name}') is not supported; insert it into a table, or send it as a parameter.`,
      );
    fields.push([name, value]);
  }
  return fields;
}

async function serve(
  ctx: HttpContext,
  req: IncomingMessage,
  res: ServerResponse,
  url: URL,
  signal: AbortSignal,
): Promise<void> {
  const { limits } = ctx;
  const urlFields = [...url.searchParams];
  const fromUrl = (name: string): string | undefined => url.searchParams.get(name) ?? undefined;
  const user = authenticate(ctx, req, {
    ...(fromUrl('user') !== undefined && { user: fromUrl('user')! }),
    ...(fromUrl('password') !== undefined && { password: fromUrl('password')! }),
  });
  const id = fromUrl('query_id') || randomUUID();
  // An id is echoed in a header, so what cannot stand in one is refused.
  if (!/^[\x20-\x7e]{1,256}$/.test(id)) throw exception(36, 'query_id has to be 1 to 256 printable ASCII characters.');
  res.setHeader('X-ClickHouse-Query-Id', id);

  const writing = req.method === 'POST';
  let body: Body | undefined = writing ? openBody(ctx, req) : undefined;
  let fields: [string, string][] = urlFields;
  const type = header(req, 'content-type') ?? '';
  if (body && /^multipart\/form-data/i.test(type)) {
    fields = [...urlFields, ...(await multipartFields(body, type))];
    body = undefined;
  }
  const options = readOptions(
    fields,
    { format: header(req, 'x-clickhouse-format'), database: header(req, 'x-clickhouse-database') },
    ctx.knownSettings,
  );
  const { statement, rest } = await readQuery(options, body, limits);

  const readonly = readonlyLevel(options, user, writing);
  options.settings.delete('readonly');
  // The engine holds this as well; asking here too covers statements that its level lets pass, such as SYSTEM.
  if (readonly !== '0' && !statement.reads)
    throw new ClickHouseException(
      164,
      `Code: 164. DB::Exception: ${user.name}: Cannot execute query in readonly mode. (READONLY)`,
    );
  const settings = new Map<string, string>([
    ['max_result_bytes', String(limits.resultBytes)],
    ['result_overflow_mode', 'throw'],
    ['max_memory_usage', String(limits.memoryBytes)],
    ...(statement.reads ? [['max_execution_time', String(limits.executionSeconds)] as const] : []),
    ...options.settings,
  ]);
  const job = {
    format: options.format,
    set: assignments(settings, options.params, statement.params),
    database: options.database ?? '',
    reads: statement.reads,
    expressions: false,
    readonly,
    killAfterMs: limits.hardSeconds * 1000,
    signal,
    // The caller's id may come twice; what is killed must be this request only.
    id: randomUUID(),
  };
  const started = process.hrtime.bigint();
  let result: Result;
  if (statement.insert) {
    const {
      head,
      settings: clause,
      format = options.format === 'TabSeparated' ? 'Values' : options.format,
    } = statement.insert;
    const file = join(ctx.spoolDir, `${job.id}.data`);
    try {
      await spool(file, rest, body);
      if (/^values$/i.test(format)) await guardValues(file, limits.valuesBytes);
      else if (/^(mysqldump|template|protobuf.*|capnproto)$/i.test(format))
        throw exception(344, `Input format ${format} is not available over the embedded endpoint.`, 400);
      result = await ctx.engine.run({
        ...job,
        expressions: /^values$/i.test(format),
        sql: utf8(`${head} FROM INFILE `) + `${quote(file)}${utf8(clause)} FORMAT ${format}`,
      });
    } finally {
      await unlink(file).catch(() => undefined);
    }
  } else {
    result = await ctx.engine.run({ ...job, sql: utf8(statement.sql) });
  }
  if (result.bytes.length > limits.resultBytes)
    throw exception(
      396,
      `Limit for result exceeded, max bytes: ${limits.resultBytes}, current bytes: ${result.bytes.length}.`,
    );
  await answer(req, res, result, statement, options, process.hrtime.bigint() - started);
}

const utf8 = (latin1: string): string => Buffer.from(latin1, 'latin1').toString('utf8');

function readonlyLevel(options: RequestOptions, user: User, writing: boolean): '0' | '1' | '2' {
  const asked = options.settings.get('readonly');
  const own = user.readonly || !writing ? '2' : '0';
  // A server lets a value pass that changes nothing, and readers state theirs.
  if (asked === undefined || asked === own) return own;
  if (asked !== '0' && asked !== '1' && asked !== '2') throw exception(36, 'Setting readonly is 0, 1 or 2.');
  if (own === '2' && (user.readonly || asked === '0'))
    throw new ClickHouseException(
      164,
      "Code: 164. DB::Exception: Cannot modify 'readonly' setting in readonly mode. (READONLY)",
    );
  return asked;
}

/** Finds the statement in URL and body; `rest` is what was read of an INSERT's data. */
async function readQuery(
  options: RequestOptions,
  body: Body | undefined,
  limits: HttpLimits,
): Promise<{ statement: Statement; rest: Buffer }> {
  const tooLong = (): ClickHouseException =>
    exception(
      62,
      `Syntax error: Max query size exceeded: ${limits.queryBytes} bytes (data of an INSERT does not count).`,
    );
  const fromUrl = Buffer.from(options.query).toString('latin1');
  if (fromUrl.length > limits.queryBytes) throw tooLong();
  if (fromUrl.trim() !== '') {
    const head = /^\s*(?:--|#|\/\*|INSERT)/i.test(fromUrl) ? readStatement(fromUrl) : undefined;
    if (head?.insert) {
      const tail = fromUrl.slice(head.insert.dataAt);
      return { statement: head, rest: tail.trim() === '' ? Buffer.alloc(0) : Buffer.from(`${tail}\n`, 'latin1') };
    }
  }
  const prefix = fromUrl === '' ? '' : `${fromUrl}\n`;
  const chunks: Buffer[] = [];
  let bytes = body ? await body.take(HEAD_BYTES, chunks) : Buffer.alloc(0);
  if (body && !body.ended) {
    const cut = insertHead(prefix + bytes.toString('latin1'));
    if (cut) return cut;
    bytes = await body.take(limits.queryBytes + 1, [bytes]);
    if (bytes.length > limits.queryBytes) {
      // `take` may stop right at the end of a body without having seen it.
      throw tooLong();
    }
  }
  const text = prefix + bytes.toString('latin1');
  const statement = readStatement(text);
  if (!statement.insert && text.length > limits.queryBytes) throw tooLong();
  if (statement.insert && statement.insert.format === undefined)
    throw exception(62, 'Syntax error: INSERT without data: VALUES, FORMAT or SELECT is expected.');
  return {
    statement,
    rest: statement.insert ? Buffer.from(text.slice(statement.insert.dataAt), 'latin1') : Buffer.alloc(0),
  };
}

/** The INSERT at the head of a body that has not ended, unless the head stops before its data. */
function insertHead(text: string): { statement: Statement; rest: Buffer } | undefined {
  if (!/\bINSERT\b/i.test(text.slice(0, 4096))) return undefined;
  let statement: Statement;
  try {
    statement = readStatement(text);
  } catch (error) {
    if (error instanceof ClickHouseException && error.code === 62) return undefined;
    throw error;
  }
  if (!statement.insert?.format || statement.insert.dataAt >= text.length) return undefined;
  return { statement, rest: Buffer.from(text.slice(statement.insert.dataAt), 'latin1') };
}

async function spool(file: string, rest: Buffer, body: Body | undefined): Promise<void> {
  const out = createWriteStream(file, { mode: 0o600, flags: 'wx', highWaterMark: 1 << 20 });
  const done = finished(out);
  done.catch(() => undefined);
  try {
    for (let chunk: Buffer | undefined = rest; chunk; chunk = await body?.next()) {
      if (chunk.length > 0 && !out.write(chunk)) await Promise.race([once(out, 'drain'), done]);
    }
    out.end();
    await done;
  } catch (error) {
    out.destroy();
    throw error;
  }
}

async function guardValues(file: string, limit: number): Promise<void> {
  const { size } = await stat(file);
  if (size > limit)
    throw exception(
      307,
      `INSERT … VALUES is limited to ${limit} bytes, because values are expressions; send the rows in a FORMAT such as JSONEachRow or Native.`,
    );
  checkValues((await readFile(file)).toString('latin1'));
}

// ---------------------------------------------------------------- the answer

function summary(result: Result, statement: Statement, format: string, elapsed: bigint): Record<string, string> {
  const s: Record<string, string> = { elapsed_ns: String(elapsed) };
  if (statement.insert) {
    const [rows, bytes] = [String(result.rows), String(result.size)];
    Object.assign(s, {
      read_rows: rows,
      read_bytes: bytes,
      written_rows: rows,
      written_bytes: bytes,
      result_rows: rows,
      result_bytes: bytes,
    });
  } else {
    Object.assign(s, {
      written_rows: '0',
      written_bytes: '0',
      result_rows: String(result.rows),
      result_bytes: String(result.size),
    });
    // chDB reports rows read only inside JSON output; where it tells nothing, the summary says nothing.
    if (/^JSON(Compact|Strings|ColumnsWithMetadata|CompactStrings)?$/i.test(format)) {
      const tail = Buffer.from(result.bytes.buffer, result.bytes.byteOffset, result.bytes.length)
        .subarray(-400)
        .toString('latin1');
      const rows = /"rows_read":\s*"?(\d+)/.exec(tail)?.[1];
      const bytes = /"bytes_read":\s*"?(\d+)/.exec(tail)?.[1];
      if (rows && bytes) Object.assign(s, { read_rows: rows, read_bytes: bytes });
    }
  }
  return s;
}

const encoders = {
  gzip: (b: Uint8Array) => promisify(gzip)(b, { level: 1 }),
  deflate: (b: Uint8Array) => promisify(deflate)(b, { level: 1 }),
  br: (b: Uint8Array) => promisify(brotliCompress)(b, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } }),
} as const;

async function answer(
  req: IncomingMessage,
  res: ServerResponse,
  result: Result,
  statement: Statement,
  options: RequestOptions,
  elapsed: bigint,
): Promise<void> {
  if (res.destroyed) return;
  const format = statement.format ?? options.format;
  res.setHeader('Content-Type', contentType(format));
  res.setHeader('X-ClickHouse-Format', format);
  res.setHeader('X-ClickHouse-Summary', JSON.stringify(summary(result, statement, format, elapsed)));
  let { bytes } = result;
  if (options.compress) {
    const accepted = (header(req, 'accept-encoding') ?? '')
      .toLowerCase()
      .split(',')
      .map((e) => e.split(';')[0]!.trim());
    const encoding = (['gzip', 'deflate', 'br'] as const).find((e) => accepted.includes(e));
    if (encoding) {
      bytes = await encoders[encoding](bytes);
      res.setHeader('Content-Encoding', encoding);
    }
  }
  res.setHeader('Content-Length', bytes.length);
  res.end(req.method === 'HEAD' ? undefined : bytes);
}
