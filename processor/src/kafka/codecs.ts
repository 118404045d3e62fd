/**
 * Decompressors for what producers may have used; kafkajs itself brings gzip only. Reading is all that is needed here.
 * A codec that cannot be loaded is an error that names it, not a consumer that restarts for ever.
 */
import { promisify } from 'node:util';
import * as zlib from 'node:zlib';
import { CompressionCodecs, CompressionTypes } from 'kafkajs';
import { ShadowerError } from '../errors';

type Decompress = (data: Buffer) => Promise<Buffer>;

/** Java's snappy streams come in blocks behind this header; other clients send one bare block. */
const XERIAL = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);

const loaders: Record<'snappy' | 'lz4' | 'zstd', () => Promise<Decompress>> = {
  snappy: async () => {
    const { uncompress } = await import('snappy');
    const block: Decompress = async (data) => (await uncompress(data, { asBuffer: true })) as Buffer;
    return async (data) => {
      if (!data.subarray(0, XERIAL.length).equals(XERIAL)) return block(data);
      const parts: Buffer[] = [];
      for (let at = 16; at < data.length;) {
        const length = data.readUInt32BE(at);
        parts.push(await block(data.subarray(at + 4, at + 4 + length)));
        at += 4 + length;
      }
      return Buffer.concat(parts);
    };
  },
  lz4: async () => (await import('lz4-napi')).decompressFrame,
  zstd: async () => {
    // In Node from 22.15 on; until then a JavaScript decoder.
    const native = (zlib as { zstdDecompress?: (data: Buffer, done: (e: Error | null, out: Buffer) => void) => void })
      .zstdDecompress;
    if (native) return promisify(native);
    const { decompress } = await import('fzstd');
    return async (data) => {
      const out = decompress(data);
      return Buffer.from(out.buffer, out.byteOffset, out.byteLength);
    };
  },
};

function codec(name: keyof typeof loaders) {
  let loading: Promise<Decompress> | undefined;
  const load = () =>
    (loading ??= loaders[name]().catch((cause: unknown) => {
      loading = undefined;
      const message = `records are compressed with ${name}, and its decoder cannot be loaded: ${(cause as Error).message}`;
      throw Object.assign(new ShadowerError('CONFIG_INVALID', message, { cause }), { retriable: false });
    }));
  return () => ({
    compress: () =>
      Promise.reject(new ShadowerError('CONFIG_INVALID', `compressing with ${name} is not supported; use gzip`)),
    decompress: async (data: Buffer) => (await load())(data),
  });
}

/** Makes kafkajs read snappy, lz4 and zstd. The registry is global to kafkajs; calling again changes nothing. */
export function registerCodecs(): void {
  CompressionCodecs[CompressionTypes.Snappy] = codec('snappy');
  CompressionCodecs[CompressionTypes.LZ4] = codec('lz4');
  CompressionCodecs[CompressionTypes.ZSTD] = codec('zstd');
}
