/**
 * Decompressors for what producers may have used. Reading is all that is needed here. They work synchronously: a batch is
 * small, and a hop to a thread costs more than most of them take.
 * A codec that cannot be loaded is an error that names it, not a consumer that restarts for ever.
 */
import * as zlib from 'node:zlib';
import { CompressionCodecs, CompressionTypes } from 'kafkajs';
import { ShadowerError } from '../errors';

export type Decompress = (data: Buffer) => Buffer;

/** Java's snappy streams come in blocks behind this header; other clients send one bare block. */
const XERIAL = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);

const loaders = {
  gzip: async (): Promise<Decompress> => (data) => zlib.gunzipSync(data),
  snappy: async (): Promise<Decompress> => {
    const { uncompressSync } = await import('snappy');
    const block: Decompress = (data) => uncompressSync(data, { asBuffer: true }) as Buffer;
    return (data) => {
      if (!data.subarray(0, XERIAL.length).equals(XERIAL)) return block(data);
      const parts: Buffer[] = [];
      for (let at = 16; at < data.length;) {
        const length = data.readUInt32BE(at);
        parts.push(block(data.subarray(at + 4, at + 4 + length)));
        at += 4 + length;
      }
      return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
    };
  },
  lz4: async (): Promise<Decompress> => (await import('lz4-napi')).decompressFrameSync,
  zstd: async (): Promise<Decompress> => {
    // In Node from 22.15 on; until then a JavaScript decoder.
    const native = (zlib as { zstdDecompressSync?: Decompress }).zstdDecompressSync;
    if (native) return native;
    const { decompress } = await import('fzstd');
    return (data) => {
      const out = decompress(data);
      return Buffer.from(out.buffer, out.byteOffset, out.byteLength);
    };
  },
};
export type Codec = keyof typeof loaders;

/** Kafka's numbers for them, in the attributes of a record batch; 0 is uncompressed. */
export const CODECS: ReadonlyMap<number, Codec> = new Map([
  [CompressionTypes.GZIP, 'gzip'],
  [CompressionTypes.Snappy, 'snappy'],
  [CompressionTypes.LZ4, 'lz4'],
  [CompressionTypes.ZSTD, 'zstd'],
]);

const loaded = new Map<Codec, Promise<Decompress>>();

/** The codec's decompressor. Rejects with CONFIG_INVALID where it cannot be loaded; the next call tries again. */
export function decompressor(name: Codec): Promise<Decompress> {
  let loading = loaded.get(name);
  if (!loading) {
    loading = loaders[name]().catch((cause: unknown) => {
      loaded.delete(name);
      const message = `records are compressed with ${name}, and its decoder cannot be loaded: ${(cause as Error).message}`;
      throw Object.assign(new ShadowerError('CONFIG_INVALID', message, { cause }), { retriable: false });
    });
    loaded.set(name, loading);
  }
  return loading;
}

const forKafkajs = (name: Codec) => () => ({
  compress: () =>
    Promise.reject(new ShadowerError('CONFIG_INVALID', `compressing with ${name} is not supported; use gzip`)),
  decompress: async (data: Buffer) => (await decompressor(name))(data),
});

/** Makes kafkajs read snappy, lz4 and zstd. The registry is global to kafkajs; calling again changes nothing. */
export function registerCodecs(): void {
  CompressionCodecs[CompressionTypes.Snappy] = forKafkajs('snappy');
  CompressionCodecs[CompressionTypes.LZ4] = forKafkajs('lz4');
  CompressionCodecs[CompressionTypes.ZSTD] = forKafkajs('zstd');
}
