/** The connection to ClickHouse (a server, or the embedded engine): `@clickhouse/client` with our errors. */
import { Readable } from 'node:stream';
import { ClickHouseError, ClickHouseLogLevel, createClient, type ClickHouseClient } from '@clickhouse/client';
import { ShadowerError } from '../errors';

export interface ClickHouseConfig {
  url: string;
  user: string;
  password: string;
  database: string;
  /** Time after which a request is given up, milliseconds. */
  timeoutMs?: number;
  maxConnections?: number;
}

/** Server errors after which another attempt may succeed: limits, overload, shutdown, a full disk, read-only replicas. */
const TRANSIENT = new Set([
  '159',
  '202',
  '203',
  '209',
  '210',
  '225',
  '241',
  '242',
  '243',
  '252',
  '285',
  '286',
  '319',
  '373',
  '394',
  '439',
  '473',
  '499',
  '516',
  '999',
]);

/** Our error for whatever went wrong; a refusal by the server keeps its code and text. */
export function storeError(e: unknown): ShadowerError {
  if (e instanceof ShadowerError) return e;
  if (e instanceof ClickHouseError && !TRANSIENT.has(e.code)) {
    if (e.code === '158' || e.code === '396') return new ShadowerError('QUERY_LIMIT', e.message, { cause: e });
    return new ShadowerError('STORE_SCHEMA', `ClickHouse refused (code ${e.code}): ${e.message.slice(0, 1000)}`, {
      cause: e,
    });
  }
  const message = e instanceof Error ? e.message : String(e);
  return new ShadowerError('STORE_UNAVAILABLE', message.slice(0, 1000), { cause: e });
}

export class ClickHouse {
  readonly database: string;
  readonly client: ClickHouseClient;

  constructor(config: ClickHouseConfig) {
    this.database = config.database;
    this.client = createClient({
      url: config.url,
      username: config.user,
      password: config.password,
      request_timeout: config.timeoutMs ?? 60_000,
      max_open_connections: config.maxConnections ?? 16,
      compression: { request: false, response: true },
      application: 'shadower',
      // Every failure is thrown; the client would write it to the console besides.
      log: { level: ClickHouseLogLevel.OFF },
      clickhouse_settings: { wait_end_of_query: 1 },
    });
  }

  async command(query: string): Promise<void> {
    try {
      await this.client.command({ query });
    } catch (e) {
      throw storeError(e);
    }
  }

  async rows<T>(query: string, params: Record<string, unknown> = {}): Promise<T[]> {
    try {
      const result = await this.client.query({ query, query_params: params, format: 'JSONEachRow' });
      return await result.json<T>();
    } catch (e) {
      throw storeError(e);
    }
  }

  /** Rows as arrays in the order of the columns, whole numbers as numbers (exact within ±2^53). */
  async arrays(
    query: string,
    params: Record<string, unknown> = {},
    settings: Record<string, string | number> = {},
  ): Promise<unknown[][]> {
    try {
      const result = await this.client.query({
        query,
        query_params: params,
        format: 'JSONCompactEachRow',
        clickhouse_settings: { output_format_json_quote_64bit_integers: 0, ...settings } as never,
      });
      return await result.json<unknown[]>();
    } catch (e) {
      throw storeError(e);
    }
  }

  /** Hands over the rows of a large result one by one, each a list of its values, without holding them all. */
  async eachRow<T extends readonly unknown[]>(
    query: string,
    params: Record<string, unknown>,
    take: (row: T) => void,
  ): Promise<void> {
    try {
      const result = await this.client.query({ query, query_params: params, format: 'JSONCompactEachRow' });
      for await (const rows of result.stream<T>()) for (const row of rows) take(row.json());
    } catch (e) {
      throw storeError(e);
    }
  }

  /** Inserts a Native block, waiting for the outcome. */
  async insertNative(
    table: string,
    columns: readonly string[],
    body: readonly Uint8Array[],
    settings: Record<string, string | number>,
  ): Promise<void> {
    try {
      const names = columns.map((c) => `\`${c}\``).join(', ');
      const result = await this.client.exec({
        query: `INSERT INTO ${this.database}.${table} (${names}) FORMAT Native`,
        values: Readable.from(body, { objectMode: false }),
        clickhouse_settings: settings as never,
      });
      for await (const _ of result.stream) void _;
    } catch (e) {
      throw storeError(e);
    }
  }

  async ping(): Promise<boolean> {
    const r = await this.client.ping();
    return r.success;
  }

  async close(): Promise<void> {
    await this.client.close();
  }
}
