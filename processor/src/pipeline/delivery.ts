/** Hands a partition's batches to the consumer: one at a time, in order, the same batch again after an error. */
import { setMaxListeners } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { ShadowerError, type ErrorCode } from '../errors';
import type { LogConsumer, Logger, TopicPartition } from './ports';
import type { Records } from './records';

export interface DeliveryBatch {
  records: Records;
  /** End of the log as known, see `LogConsumer.records`. */
  end: number;
}

export interface DeliveryOptions {
  tp: TopicPartition;
  consumer: LogConsumer;
  /** The next batch; waits until there is one. Null ends the delivery. */
  next: () => Promise<DeliveryBatch | null>;
  /** Ends the delivery: nothing is handed out after it. */
  signal: AbortSignal;
  logger: Logger;
  /** First and longest pause after an error of the consumer, milliseconds; doubles in between. */
  backoffMs?: { first: number; longest: number };
}

export const LARGEST_BATCH_RECORDS = 5000;
export const LARGEST_BATCH_BYTES = 1024 * 1024;

/** Runs until `next` gives null or the signal aborts. Errors of the consumer are retried; errors of `next` reject. */
export async function deliver(o: DeliveryOptions): Promise<void> {
  const { first, longest } = o.backoffMs ?? { first: 100, longest: 10_000 };
  while (!o.signal.aborted) {
    const batch = await o.next();
    if (batch === null) return;
    // Batches that wait already would follow each other within one turn, and requests and heartbeats would wait for all.
    await setImmediate();
    for (let attempt = 0; !o.signal.aborted; attempt++) {
      try {
        await o.consumer.records(o.tp, batch.records, batch.end);
        break;
      } catch (error) {
        if (o.signal.aborted) return;
        const pauseMs = Math.min(longest, first * 2 ** Math.min(attempt, 20));
        o.logger.warn(
          { ...o.tp, offset: batch.records.offsets[0], attempt, pauseMs, err: error },
          'Consuming a batch failed; it will be delivered again',
        );
        await pause(pauseMs, o.signal);
      }
    }
  }
}

/** Trying again does not help with these. */
const FATAL: ReadonlySet<ErrorCode> = new Set([
  'LOG_GAP',
  'LOG_REWOUND',
  'CONFIG_INVALID',
  'STORE_UNSAFE',
  'STORE_SCHEMA',
]);
export const isFatal = (error: unknown): error is ShadowerError =>
  error instanceof ShadowerError && FATAL.has(error.code);

/**
 * Tells the consumer its assignment, again with growing pauses while it throws. False when the signal ended it;
 * rejects with an error that trying again does not mend.
 */
export async function assign(
  consumer: LogConsumer,
  partitions: Parameters<LogConsumer['assigned']>[0],
  signal: AbortSignal,
  logger: Logger,
): Promise<boolean> {
  // Every partition waits on it; Node takes more than ten for a leak.
  setMaxListeners(0, signal);
  for (let attempt = 0; !signal.aborted; attempt++) {
    try {
      await consumer.assigned(partitions);
      return !signal.aborted;
    } catch (error) {
      if (isFatal(error)) throw error;
      const pauseMs = Math.min(10_000, 200 * 2 ** Math.min(attempt, 20));
      logger.warn({ attempt, pauseMs, err: error }, 'Taking over the assigned partitions failed; trying again');
      await pause(pauseMs, signal);
    }
  }
  return false;
}

/** Waits `ms` milliseconds or until the signal aborts, whichever is first; never rejects. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', done, { once: true });
  });
}

/** Something to wait on: `wait` resolves at the next `notify` (or at once if one came since the last wait). */
export class Wakeup {
  private raised = false;
  private waiter?: () => void;

  notify(): void {
    this.raised = true;
    this.waiter?.();
  }

  async wait(signal?: AbortSignal): Promise<void> {
    if (!this.raised && !signal?.aborted) {
      await new Promise<void>((resolve) => {
        const done = () => {
          signal?.removeEventListener('abort', done);
          this.waiter = undefined;
          resolve();
        };
        this.waiter = done;
        signal?.addEventListener('abort', done, { once: true });
      });
    }
    this.raised = false;
  }
}

/** How a log fares, for readiness and metrics. */
export interface LogHealth {
  state: 'idle' | 'assigning' | 'consuming' | 'recovering' | 'stopped' | 'closed';
  /** Partitions that are not consumed any more, and why. They need a person. */
  halted: ReadonlyArray<TopicPartition & { error: ShadowerError }>;
  /** The last error of the log itself, until it works again. */
  error?: ShadowerError;
}
