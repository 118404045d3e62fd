/** Limits of the embedded ClickHouse; apart from its server, so that its starter need not load the engine. */
import { totalmem } from 'node:os';
import type { EngineLimits } from './engine';
import type { HttpLimits } from './http';

export type EmbeddedLimits = EngineLimits & HttpLimits & { /** Open connections. */ connections: number };

/** Limits unless told otherwise; see the types for meaning and units. */
export const DEFAULT_LIMITS: EmbeddedLimits = {
  readers: 4,
  writers: 2,
  queue: 64,
  queueMs: 30_000,
  connections: 256,
  bodyBytes: 512 * 1024 * 1024,
  queryBytes: 1024 * 1024,
  valuesBytes: 8 * 1024 * 1024,
  resultBytes: 256 * 1024 * 1024,
  executionSeconds: 60,
  hardSeconds: 300,
  memoryBytes: Math.max(1 << 30, Math.floor(totalmem() * 0.4)),
};
