/** Where the records of an assignment come from: kafkajs' own fetch loop (kafkajs-fetch.ts), or ours (fetcher.ts). */
import type { ShadowerError } from '../errors';
import { Wakeup, type DeliveryBatch } from '../pipeline/delivery';
import type { TopicPartition } from '../pipeline/ports';

export const keyOf = (tp: TopicPartition): string => `${tp.topic}/${tp.partition}`;

/** A partition to read, as it was when it was assigned. */
export interface StartingPoint {
  tp: TopicPartition;
  /** First offset to deliver. */
  position: number;
  /** End of the partition. */
  highWatermark: number;
  /** Identity of the topic, where the broker knows one. */
  topicId?: string;
}

/** Lives as long as one assignment; ends with the signal that it was made with. */
export interface RecordSource {
  /** From here on records are fetched. */
  start(): void;
  /**
   * The next records of a partition, or a new end without records; waits for them. Null when the assignment has ended.
   * Rejects where the partition cannot be read any further (LOG_GAP, LOG_CORRUPT, CONFIG_INVALID).
   */
  next(tp: TopicPartition): Promise<DeliveryBatch | null>;
  /** End of a partition of which Kafka says `end`: less where all has been read and the last of it is not for consumers. */
  end(tp: TopicPartition, end: number): number;
  /** Whether it is read by its topic's name alone: then records of a topic made anew may have been taken for it. */
  byName(tp: TopicPartition): boolean;
  /** Makes `next` reject with the error; what waits is delivered before, unless it was read by name. */
  fail(tp: TopicPartition, error: ShadowerError): void;
}

/** How far a partition has been read. */
export class Cursor {
  readonly tp: TopicPartition;
  readonly topicId?: string;
  /** Next offset to look at; also moves over records that are never delivered. */
  position: number;
  /** One above the last record that was fit for delivery. */
  deliverable: number;
  /** End of the partition as of the last fetch. */
  highWatermark: number;
  /** The end that the consumer was told. */
  told: number;
  failure?: ShadowerError;
  readonly wakeup = new Wakeup();

  constructor({ tp, position, highWatermark, topicId }: StartingPoint) {
    this.tp = tp;
    if (topicId !== undefined) this.topicId = topicId;
    this.position = this.deliverable = this.told = position;
    this.highWatermark = highWatermark;
  }

  /** End of the log as the consumer should know it: nothing to deliver follows where everything has been looked at. */
  get end(): number {
    return this.position >= this.highWatermark ? this.deliverable : this.highWatermark;
  }

  /** See RecordSource.end. */
  endOf(end: number): number {
    return this.position >= end ? this.deliverable : end;
  }
}
