/** The steps of a probe, each against one address that was judged before. Nothing follows redirects. */
import { lookup } from 'node:dns/promises';
import http from 'node:http';
import https from 'node:https';
import { connect, isIP, type LookupFunction } from 'node:net';
import { performance } from 'node:perf_hooks';
import tls from 'node:tls';
import type { Target } from './config';

/** Why a step did not pass; `error` when it could not even be tried. */
export class StepFailure extends Error {
  constructor(
    readonly result: 'failed' | 'error',
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}
const failed = (code: string, message: string): StepFailure => new StepFailure('failed', code, message);

export interface Address {
  address: string;
  family: number;
}

/** Host of the target without the brackets of IPv6, and its port. */
function hostOf(t: Target): { host: string; port: number; secure: boolean } {
  const url = new URL(t.url);
  const secure = url.protocol === 'https:';
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? (secure ? 443 : 80) : Number(url.port),
    secure,
  };
}
export const isSecure = (t: Target): boolean => hostOf(t).secure;

/** The work, or the failure that it took too long. `abandon` lets go of what is still open. */
async function within<T>(ms: number, work: Promise<T>, abandon: () => void = () => {}): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(failed('timeout', `no answer within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } catch (e) {
    abandon();
    throw e;
  } finally {
    clearTimeout(timer);
  }
}

const codeOf = (e: unknown): string => (e as NodeJS.ErrnoException).code ?? 'error';

/**
 * Resolves the host and judges every address. One that is not allowed refuses the target as a whole: which of several
 * addresses is used must not depend on chance.
 */
export async function resolve(t: Target): Promise<Address> {
  const { host } = hostOf(t);
  const found: Address[] =
    isIP(host) !== 0
      ? [{ address: host, family: isIP(host) }]
      : await within(t.timeout_ms, lookup(host, { all: true, verbatim: true })).catch((e: unknown) => {
          if (e instanceof StepFailure) throw e;
          throw failed(codeOf(e), `${host} cannot be resolved (${codeOf(e)})`);
        });
  const refused = found.find((a) => !t.mayConnect(a.address));
  if (refused !== undefined)
    throw new StepFailure(
      'error',
      'address_refused',
      `${host} resolves to ${refused.address}, which is not in the public internet nor in allow_networks; nothing was sent`,
    );
  const first = found[0];
  if (first === undefined) throw failed('no_address', `${host} has no address`);
  return first;
}

/** Opens a TCP connection and closes it. */
export async function tcp(t: Target, a: Address): Promise<void> {
  const { port } = hostOf(t);
  const socket = connect({ host: a.address, port, family: a.family });
  try {
    await within(
      t.timeout_ms,
      new Promise<void>((resolve, reject) => {
        socket.once('connect', resolve);
        socket.once('error', (e) => reject(failed(codeOf(e), `no connection to ${a.address}:${port} (${codeOf(e)})`)));
      }),
    );
  } finally {
    socket.destroy();
  }
}

export interface Certificate {
  /** Whether it is valid for the host and signed by who is trusted. */
  valid: boolean;
  /** Why not. */
  problem?: string;
  /** Seconds since the epoch. */
  expires?: number;
}

/** Shakes hands and looks at the certificate, whether or not it is any good; sends nothing else. */
export async function certificate(t: Target, a: Address): Promise<Certificate> {
  const { host, port } = hostOf(t);
  const socket = tls.connect({
    host: a.address,
    port,
    ...(isIP(host) === 0 ? { servername: host } : {}),
    checkServerIdentity: (_, cert) => tls.checkServerIdentity(host, cert),
    ...(t.ca === undefined ? {} : { ca: t.ca }),
    rejectUnauthorized: false,
  });
  try {
    return await within(
      t.timeout_ms,
      new Promise<Certificate>((resolve, reject) => {
        socket.once('error', (e) => reject(failed(codeOf(e), `no TLS handshake (${codeOf(e)})`)));
        socket.once('secureConnect', () => {
          const expires = Date.parse(socket.getPeerCertificate().valid_to ?? '') / 1000;
          const problem = socket.authorizationError as unknown;
          resolve({
            valid: socket.authorized,
            ...(socket.authorized ? {} : { problem: problem instanceof Error ? codeOf(problem) : String(problem) }),
            ...(Number.isFinite(expires) ? { expires } : {}),
          });
        });
      }),
    );
  } finally {
    socket.destroy();
  }
}

export interface Answer {
  status: number;
  contentType: string;
  body: Buffer;
  /** Time until the whole answer was there, milliseconds. */
  ms: number;
}

/** One request on a connection of its own. Certificates are verified: credentials go to nobody else. */
export async function request(t: Target, a: Address, headers: Readonly<Record<string, string>>): Promise<Answer> {
  const { host, secure } = hostOf(t);
  const pinned: LookupFunction = (_host, options, callback) => {
    if (options.all) callback(null, [a]);
    else callback(null, a.address, a.family);
  };
  const started = performance.now();
  const controller = new AbortController();
  const work = new Promise<Answer>((resolve, reject) => {
    const fail = (e: unknown): void =>
      reject(e instanceof StepFailure ? e : failed(codeOf(e), `the request failed (${codeOf(e)})`));
    const req = (secure ? https : http).request(
      new URL(t.url),
      {
        method: t.method,
        headers: {
          'user-agent': 'shadower-probe',
          accept: '*/*',
          'accept-encoding': 'identity',
          ...(t.body === undefined ? {} : { 'content-length': Buffer.byteLength(t.body) }),
          ...headers,
        },
        agent: false,
        lookup: pinned,
        signal: controller.signal,
        ...(secure && isIP(host) === 0 ? { servername: host } : {}),
        ...(t.ca === undefined ? {} : { ca: t.ca }),
      },
      (res) => {
        const chunks: Buffer[] = [];
        let size = 0;
        res.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size <= t.max_bytes) return void chunks.push(chunk);
          fail(failed('too_large', `the answer is larger than ${t.max_bytes} bytes`));
          req.destroy();
        });
        res.on('end', () =>
          resolve({
            status: res.statusCode ?? 0,
            contentType: res.headers['content-type'] ?? '',
            body: Buffer.concat(chunks),
            ms: performance.now() - started,
          }),
        );
        res.on('error', fail);
      },
    );
    req.on('error', fail);
    req.end(t.body);
  });
  return within(t.timeout_ms, work, () => controller.abort());
}
