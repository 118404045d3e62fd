/** Bodies of the intake: taken as bytes, decompressed within limits. */
import { promisify } from 'node:util';
import { gunzip, inflate, inflateRaw, type InputType, type ZlibOptions } from 'node:zlib';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ShadowerError } from '../errors';
import type { HttpContext } from './context';

type Inflate = (body: InputType, options: ZlibOptions) => Promise<Buffer>;
const gunzipAsync = promisify(gunzip) as Inflate;
const inflateAsync = promisify(inflate) as Inflate;
const inflateRawAsync = promisify(inflateRaw) as Inflate;

/** "deflate" means zlib's format; some clients send the bare one. The first byte of zlib's says so. */
const deflate: Inflate = (body, options) =>
  ((body as Buffer)[0]! & 0x0f) === 8 ? inflateAsync(body, options) : inflateRawAsync(body, options);

/** Takes every body of `app`'s routes as bytes; the routes look at the content type themselves. */
export function takeBytes(app: FastifyInstance, maxBytes: number): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: maxBytes }, (_req, body, done) => done(null, body));
}

/** Media type of the body, in lower case and without parameters. Throws INPUT_UNSUPPORTED for a charset other than UTF-8. */
export function mediaType(req: FastifyRequest, supported: readonly string[]): string {
  const [type = '', ...parameters] = (req.headers['content-type'] ?? '')
    .toLowerCase()
    .split(';')
    .map((p) => p.trim());
  if (!supported.includes(type))
    throw new ShadowerError(
      'INPUT_UNSUPPORTED',
      `content type ${type.slice(0, 100) || '(none)'}; send ${supported.join(', ')}`,
    );
  const charset = parameters
    .find((p) => p.startsWith('charset='))
    ?.slice(8)
    .replace(/"/g, '');
  if (charset !== undefined && charset !== 'utf-8' && charset !== 'utf8')
    throw new ShadowerError('INPUT_UNSUPPORTED', `charset ${charset.slice(0, 50)}; send UTF-8`);
  return type;
}

/**
 * The body, decompressed. Throws REQUEST_TOO_LARGE, INPUT_TRUNCATED, INPUT_CORRUPT or INPUT_UNSUPPORTED. A body that ends
 * in the middle counts as not received: nothing of it is used, and sending it again is safe by event_id.
 */
export async function readBody(ctx: HttpContext, req: FastifyRequest): Promise<Buffer> {
  const body = Buffer.isBuffer(req.body) ? req.body : Buffer.alloc(0);
  const encoding = (req.headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  const max = ctx.limits.decompressedBytes;
  const tooLarge = () =>
    new ShadowerError('REQUEST_TOO_LARGE', `more than ${max} bytes once decompressed; send several smaller requests`);
  if (encoding === 'identity') {
    if (body.length > max) throw tooLarge();
    return body;
  }
  const decompress = { gzip: gunzipAsync, 'x-gzip': gunzipAsync, deflate }[encoding];
  if (decompress === undefined)
    throw new ShadowerError(
      'INPUT_UNSUPPORTED',
      `content encoding ${encoding.slice(0, 50)}; send gzip, deflate or none`,
    );
  if (body.length === 0)
    throw new ShadowerError('INPUT_TRUNCATED', `the body is empty, which is no ${encoding}; nothing was accepted`);
  try {
    return await ctx.inflating.run(() => decompress(body, { maxOutputLength: max }));
  } catch (e) {
    if (e instanceof ShadowerError) throw e;
    const { code, message } = e as NodeJS.ErrnoException;
    if (code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge();
    if (code === 'Z_BUF_ERROR')
      throw new ShadowerError(
        'INPUT_TRUNCATED',
        `the ${encoding} body ends after ${body.length} bytes; nothing was accepted, send it again`,
        { cause: e },
      );
    throw new ShadowerError('INPUT_CORRUPT', `${encoding}: ${message}; nothing was accepted`, { cause: e });
  }
}
