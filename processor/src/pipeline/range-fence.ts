/**
 * What one partition's log position may do next. All three logs ask it before they write, so that a range of an earlier
 * assignment, or one that overlaps what is in flight, is refused in the same words everywhere.
 */
import { ShadowerError } from '../errors';
import type { OffsetRange, TopicPartition } from './ports';

export const sameRange = (a: OffsetRange, b: OffsetRange): boolean =>
  a.topic === b.topic &&
  a.partition === b.partition &&
  a.from === b.from &&
  a.to === b.to &&
  a.at === b.at &&
  a.encoder === b.encoder &&
  a.digest === b.digest;

const words = (r: OffsetRange) => `[${r.from}, ${r.to}) of ${r.topic}/${r.partition}`;

export class RangeFence {
  private open = true;

  /** @param committed the committed offset; @param pending the intent found with it, if any */
  constructor(
    readonly tp: TopicPartition,
    readonly epoch: number,
    private _committed: number,
    private _pending?: OffsetRange,
  ) {}

  /** Offset below which everything is counted. */
  get committed(): number {
    return this._committed;
  }
  /** The recorded, not yet committed range. */
  get pending(): OffsetRange | undefined {
    return this._pending;
  }

  /** The partition is lost: everything is refused from now on. */
  revoke(): void {
    this.open = false;
  }

  /**
   * To be called before an intent is written. The intent counts as pending from here, since a failed write may have
   * landed. Throws LOG_FENCED.
   */
  beginIntent(range: OffsetRange): void {
    this.check(range);
    if (this._pending && !sameRange(this._pending, range)) {
      throw this.refusal(range, `${words(this._pending)} is still in flight`);
    }
    const { epoch: _, ...recorded } = range;
    this._pending = recorded;
  }

  /** To be called before a commit is written. Throws LOG_FENCED. */
  beginCommit(range: OffsetRange): void {
    this.check(range);
    if (this._pending && !sameRange(this._pending, range)) {
      throw this.refusal(range, `the recorded intent is ${words(this._pending)}`);
    }
  }

  /** To be called when the commit is durable. */
  committedTo(range: OffsetRange): void {
    this._committed = range.to;
    this._pending = undefined;
  }

  private check(range: OffsetRange): void {
    if (!this.open) throw this.refusal(range, 'the partition was taken away from this process');
    if (range.epoch !== undefined && range.epoch !== this.epoch) {
      throw this.refusal(range, `it belongs to assignment ${range.epoch}, the current one is ${this.epoch}`);
    }
    if (!Number.isSafeInteger(range.from) || !Number.isSafeInteger(range.to) || range.to <= range.from) {
      throw this.refusal(range, 'it is empty');
    }
    if (range.from < this._committed)
      throw this.refusal(range, `offsets below ${this._committed} are committed already`);
  }

  private refusal(range: OffsetRange, why: string): ShadowerError {
    return new ShadowerError('LOG_FENCED', `${words(range)}: ${why}`);
  }
}

/** The error for a range of a partition that is not assigned at all. */
export const notAssigned = (range: OffsetRange): ShadowerError =>
  new ShadowerError('LOG_FENCED', `${words(range)}: the partition is not assigned to this process`);
