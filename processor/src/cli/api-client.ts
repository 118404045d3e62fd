/** The running processor's API, for the commands that talk to it. */
import { resolve } from 'node:path';
import { ShadowerError, type ErrorCode, ERRORS } from '../errors';
import type { QueryAnswer } from '../domains/define';
import type { Catalog } from '../catalog/types';
import { readCredentials } from './credentials';
import { readEnvironment } from './config';

export interface ApiOptions {
  url?: string;
  apiKey?: string;
  data?: string;
}

export class Api {
  private constructor(
    readonly url: string,
    private readonly key: string,
  ) {}

  /** From the options, the environment, or what the last start in the data folder left. */
  static from(o: ApiOptions): Api {
    const env = readEnvironment();
    const folder = resolve(o.data ?? env.SHADOWER_DATA);
    const own = readCredentials(folder);
    const url = o.url ?? env.SHADOWER_URL ?? own?.url ?? 'http://127.0.0.1:8780';
    const key = o.apiKey ?? env.SHADOWER_API_KEY ?? own?.apiKey;
    if (key === undefined)
      throw new ShadowerError(
        'CONFIG_INVALID',
        `no API key: give --api-key or SHADOWER_API_KEY, or --data with the folder of a running processor (looked in ${folder})`,
      );
    return new Api(url.replace(/\/$/, ''), key);
  }

  static of(url: string, key: string): Api {
    return new Api(url.replace(/\/$/, ''), key);
  }

  /** @throws ShadowerError with the API's own code, or BUSY when nothing answers */
  async request(
    method: string,
    path: string,
    body?: { type: string; data: Buffer | string },
    headers: Record<string, string> = {},
  ): Promise<{ status: number; json: Record<string, unknown> }> {
    let response: Response;
    try {
      response = await fetch(this.url + path, {
        method,
        headers: { 'x-api-key': this.key, ...(body === undefined ? {} : { 'content-type': body.type }), ...headers },
        ...(body === undefined ? {} : { body: body.data as never }),
      });
    } catch (e) {
      throw new ShadowerError(
        'STORE_UNAVAILABLE',
        `no processor answers at ${this.url} (${(e as Error).cause instanceof Error ? ((e as Error).cause as Error).message : (e as Error).message}); start one with "shadower start"`,
      );
    }
    const text = await response.text();
    let json: Record<string, unknown>;
    try {
      json = text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
    } catch {
      json = { message: text };
    }
    return { status: response.status, json };
  }

  private async get<T>(path: string): Promise<T> {
    const { status, json } = await this.request('GET', path);
    if (status >= 400) throw apiError(json, status);
    return json as T;
  }

  catalog(): Promise<Catalog> {
    return this.get('/v1/catalog');
  }

  async query(name: string, args: QueryRequest): Promise<QueryAnswer> {
    const { status, json } = await this.request('POST', `/v1/query/${encodeURIComponent(name)}`, {
      type: 'application/json',
      data: JSON.stringify(args),
    });
    if (status >= 400) throw apiError(json, status);
    return json as unknown as QueryAnswer;
  }

  /** One part as CSV. */
  async csv(name: string, args: QueryRequest): Promise<string> {
    const { status, json } = await this.request('POST', `/v1/query/${encodeURIComponent(name)}`, {
      type: 'application/json',
      data: JSON.stringify({ ...args, format: 'csv' }),
    });
    if (status >= 400) throw apiError(json, status);
    return String(json.message);
  }
}

export interface QueryRequest {
  workspace?: string;
  from: string;
  to: string;
  step?: number;
  part?: string;
  params?: Record<string, string[]>;
  columns?: string[];
  /** Rows of a part at most. */
  limit?: number;
}

export function apiError(json: Record<string, unknown>, status: number): ShadowerError {
  const code = typeof json.code === 'string' && json.code in ERRORS ? (json.code as ErrorCode) : 'INTERNAL';
  const message = typeof json.message === 'string' ? json.message : `HTTP ${status}`;
  const prefix = `${ERRORS[code].text}: `;
  return new ShadowerError(code, message.startsWith(prefix) ? message.slice(prefix.length) : message);
}
