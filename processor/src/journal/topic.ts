/** One topic of the journal: segment files, their recovery, the group commit, and the reader. */
import { mkdir, open, readdir, readFile, stat, unlink, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { ShadowerError } from '../errors';
import { LARGEST_BATCH_BYTES, LARGEST_BATCH_RECORDS, Wakeup } from '../pipeline/delivery';
import type { Clock, Logger, LogRecord, NewRecord, OffsetRange } from '../pipeline/ports';
import { syncFolder, writeAtomically } from './files';
import { FRAME_BYTES, frameLength, frameSize, readFrame, readRecord, writeFrame } from './format';

/** Bytes of one write and fsync; later appends wait for the next. */
const GROUP_BYTES = 4 * 1024 * 1024;
const CHUNK_BYTES = 1024 * 1024;

export interface TopicSettings {
  folder: string;
  topic: string;
  /** A segment is closed when it would grow beyond this many bytes. */
  segmentBytes: number;
  /** Milliseconds that a segment is kept after its last write, once everything in it is committed. */
  retentionMs: number;
  logger: Logger;
  clock: Clock;
}

interface Segment {
  base: number;
  size: number;
  lastWrite: number;
}

interface State {
  version: 1;
  committed: number;
  pending?: { from: number; to: number; at: number; encoder: number; digest?: string; mark?: number };
  /** End of the log at a clean close: a log that ends below it has lost records. */
  end?: number;
}

interface Append {
  records: readonly NewRecord[];
  bytes: number;
  resolve: () => void;
  reject: (error: ShadowerError) => void;
}

const segmentName = (base: number) => `${String(base).padStart(20, '0')}.log`;
const SEGMENT = /^(\d{20})\.log$/;

export class TopicJournal {
  private segments: Segment[] = [];
  private active!: FileHandle;
  private end = 0;
  private broken?: ShadowerError;

  private readonly queue: Append[] = [];
  private queuedBytes = 0;
  private flushing?: Promise<void>;

  private state: State = { version: 1, committed: 0 };
  private stateWrites: Promise<unknown> = Promise.resolve();

  private reader!: { file?: FileHandle; segment: number; position: number; offset: number };
  private readonly appended = new Wakeup();
  /** Bytes since opening: written in all, handed to the consumer, and up to the commit; positions of what was read. */
  private written = 0;
  private read = 0;
  private consumed = 0;
  private readonly marks: { offset: number; bytes: number }[] = [];

  private constructor(private readonly o: TopicSettings) {}

  /** Opens or creates the topic and recovers it. Rejects with LOG_GAP when acknowledged records are damaged or gone. */
  static async open(settings: TopicSettings): Promise<TopicJournal> {
    const journal = new TopicJournal(settings);
    try {
      await journal.recover();
    } catch (e) {
      await journal.active?.close().catch(() => undefined);
      await journal.reader?.file?.close().catch(() => undefined);
      throw e;
    }
    return journal;
  }

  get committed(): number {
    return this.state.committed;
  }
  get pending(): OffsetRange | undefined {
    return this.state.pending && { topic: this.o.topic, partition: 0, ...this.state.pending };
  }
  /** Offset that the next record gets. */
  get endOffset(): number {
    return this.end;
  }
  /** Bytes that are stored or about to be, and not committed yet; exact to one batch. */
  get backlogBytes(): number {
    return this.written - this.consumed + this.queuedBytes;
  }

  // ---------------------------------------------------------------- append

  /** Resolves when the records are on disk. Rejects with LOG_UNAVAILABLE or EVENT_TOO_LARGE. */
  append(records: readonly NewRecord[]): Promise<void> {
    if (this.broken) return Promise.reject(this.broken);
    if (records.length === 0) return Promise.resolve();
    const bytes = records.reduce((sum, r) => sum + frameSize(r), 0);
    return new Promise<void>((resolve, reject) => {
      this.queue.push({ records, bytes, resolve, reject });
      this.queuedBytes += bytes;
      this.flushing ??= this.flush().finally(() => (this.flushing = undefined));
    });
  }

  private async flush(): Promise<void> {
    await Promise.resolve(); // what is appended in the same tick shares the fsync
    while (this.queue.length > 0) {
      const group: Append[] = [];
      let bytes = 0;
      while (this.queue.length > 0 && (group.length === 0 || bytes + this.queue[0]!.bytes <= GROUP_BYTES)) {
        const next = this.queue.shift()!;
        group.push(next);
        bytes += next.bytes;
      }
      try {
        if (this.broken) throw this.broken;
        await this.write(group, bytes);
      } catch (e) {
        this.queuedBytes -= bytes;
        const error =
          e instanceof ShadowerError
            ? e
            : new ShadowerError('LOG_UNAVAILABLE', `cannot write to ${this.o.folder}: ${(e as Error).message}`, {
                cause: e,
              });
        for (const append of group) append.reject(error);
        continue;
      }
      this.queuedBytes -= bytes;
      for (const append of group) append.resolve();
      this.appended.notify();
    }
  }

  private async write(group: readonly Append[], bytes: number): Promise<void> {
    let segment = this.segments[this.segments.length - 1]!;
    if (segment.size > 0 && segment.size + bytes > this.o.segmentBytes) segment = await this.rotate();
    const timestamp = this.o.clock();
    const block = Buffer.allocUnsafe(bytes);
    let at = 0;
    let offset = this.end;
    for (const { records } of group) {
      for (const record of records)
        at = writeFrame(block, at, record, { offset: offset++, synced: this.end, timestamp });
    }
    try {
      for (let done = 0; done < bytes;) {
        done += (await this.active.write(block, done, bytes - done, segment.size + done)).bytesWritten;
      }
    } catch (e) {
      // The disk is full, most likely. Nothing was acknowledged: take the part back and go on.
      await this.active.truncate(segment.size).catch((cause: unknown) => this.breakDown(cause));
      throw e;
    }
    // After a failed fsync the system may have dropped the pages: what is on disk is unknown until it is read again.
    await this.active.datasync().catch((cause: unknown) => this.breakDown(cause));
    segment.size += bytes;
    segment.lastWrite = this.o.clock();
    this.end = offset;
    this.written += bytes;
  }

  private breakDown(cause: unknown): never {
    const message = `${this.o.folder} cannot be synced (${(cause as Error).message}); check the disk and restart`;
    this.broken = new ShadowerError('LOG_UNAVAILABLE', message, { cause });
    this.o.logger.error({ topic: this.o.topic, err: cause }, 'The journal stopped taking records');
    throw this.broken;
  }

  private async rotate(): Promise<Segment> {
    const next = await open(this.path(this.end), 'wx', 0o600);
    await syncFolder(this.o.folder);
    await this.active.close();
    this.active = next;
    const segment = { base: this.end, size: 0, lastWrite: this.o.clock() };
    this.segments.push(segment);
    return segment;
  }

  // ---------------------------------------------------------------- positions

  /** Durably notes the intent. Rejects with LOG_UNAVAILABLE. */
  recordIntent({ from, to, at, encoder, digest, mark }: OffsetRange): Promise<void> {
    const pending = { from, to, at, encoder, ...(digest && { digest }), ...(mark !== undefined && { mark }) };
    return this.writeState({ version: 1, committed: this.state.committed, pending });
  }

  /** Durably moves the committed position, clears the intent, and deletes what nobody needs any more. */
  async commit(range: OffsetRange): Promise<void> {
    await this.writeState({ version: 1, committed: range.to });
    while (this.marks.length > 0 && this.marks[0]!.offset <= range.to) this.consumed = this.marks.shift()!.bytes;
    if (range.to >= this.end) this.consumed = this.written;
    await this.deleteOld();
  }

  private writeState(state: State): Promise<void> {
    const write = this.stateWrites.then(async () => {
      try {
        await writeAtomically(join(this.o.folder, 'state.json'), JSON.stringify(state));
        this.state = state;
      } catch (e) {
        const message = `cannot write the position of ${this.o.topic}: ${(e as Error).message}`;
        throw new ShadowerError('LOG_UNAVAILABLE', message, { cause: e });
      }
    });
    this.stateWrites = write.catch(() => undefined);
    return write;
  }

  private async deleteOld(): Promise<void> {
    const now = this.o.clock();
    while (this.segments.length > 1) {
      const [oldest, next] = this.segments as [Segment, Segment];
      const wanted = next.base > this.state.committed || now - oldest.lastWrite < this.o.retentionMs;
      if (wanted || this.reader.segment <= oldest.base) return;
      this.segments.shift();
      await unlink(this.path(oldest.base)).catch((err: unknown) =>
        this.o.logger.warn({ topic: this.o.topic, err }, 'A consumed journal segment could not be deleted'),
      );
    }
  }

  // ---------------------------------------------------------------- read

  /**
   * The next records after the last ones, at most 5,000 or about 4 MiB; waits for an append when there are none. Null
   * when the signal aborts. Rejects with LOG_GAP at a damaged record, and again at every later call.
   */
  async next(signal: AbortSignal): Promise<LogRecord[] | null> {
    for (;;) {
      if (signal.aborted) return null;
      const records = await this.readOn();
      if (records.length > 0) {
        this.marks.push({ offset: this.reader.offset, bytes: this.read });
        return records;
      }
      await this.appended.wait(signal);
    }
  }

  private async readOn(): Promise<LogRecord[]> {
    const records: LogRecord[] = [];
    const reader = this.reader;
    let bytes = 0;
    while (records.length < LARGEST_BATCH_RECORDS && bytes < LARGEST_BATCH_BYTES && reader.offset < this.end) {
      const index = this.segments.findIndex((s) => s.base === reader.segment);
      const segment = this.segments[index]!;
      if (reader.position === segment.size && index + 1 < this.segments.length) {
        const next = this.segments[index + 1]!;
        if (next.base !== reader.offset) throw this.gap(reader.offset, `the next segment starts at ${next.base}`);
        await reader.file?.close();
        Object.assign(reader, { file: undefined, segment: next.base, position: 0 });
        continue;
      }
      reader.file ??= await open(this.path(segment.base), 'r');
      const before = reader.position;
      await this.walk(reader.file, reader, segment.size, (chunk, at) => {
        records.push(readRecord(chunk, at));
        return records.length < LARGEST_BATCH_RECORDS;
      });
      bytes += reader.position - before;
      this.read += reader.position - before;
      if (reader.position === before) throw this.gap(reader.offset, 'the segment ends too early');
    }
    return records;
  }

  /**
   * Goes over the frames of one chunk from `cursor` on and moves it along; `visit` returns false to stop. Rejects with
   * LOG_GAP where a frame is damaged or out of order.
   */
  private async walk(
    file: FileHandle,
    cursor: { position: number; offset: number },
    limit: number,
    visit: (chunk: Buffer, at: number) => boolean,
  ): Promise<void> {
    const chunk = await this.chunk(file, cursor.position, limit);
    for (let at = 0; at < chunk.length;) {
      const frame = readFrame(chunk, at);
      if (frame === 'short' && at > 0) return; // begins in this chunk, ends in the next
      if (frame === 'short') throw this.gap(cursor.offset, 'the segment ends inside the record');
      if (frame === 'bad') throw this.gap(cursor.offset, 'its checksum does not match');
      if (frame.offset !== cursor.offset) throw this.gap(cursor.offset, `record ${frame.offset} is in its place`);
      const goOn = visit(chunk, at);
      cursor.position += frame.end - at;
      cursor.offset++;
      at = frame.end;
      if (!goOn) return;
    }
  }

  /** Bytes from `position` on: one chunk, or the whole record where that is longer. */
  private async chunk(file: FileHandle, position: number, limit: number): Promise<Buffer> {
    const first = await readFully(file, position, Math.min(CHUNK_BYTES, limit - position));
    if (first.length < FRAME_BYTES) return first;
    const length = frameLength(first, 0);
    if (length === null || length <= first.length || position + length > limit) return first;
    return readFully(file, position, length);
  }

  // ---------------------------------------------------------------- open, close

  private async recover(): Promise<void> {
    const { folder, topic } = this.o;
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const bases = (await readdir(folder)).flatMap((name) => SEGMENT.exec(name)?.[1] ?? []).map(Number);
    bases.sort((a, b) => a - b);
    const stored = await readFile(join(folder, 'state.json'), 'utf8').catch((e: NodeJS.ErrnoException) => {
      if (e.code === 'ENOENT') return null;
      throw e;
    });
    if (stored !== null) {
      this.state = parseState(stored) ?? fail(this.gap(bases[0] ?? 0, 'state.json is damaged'));
    } else if (bases.length > 0) {
      throw this.gap(bases[0]!, 'state.json, with the committed position, is missing');
    }
    const { committed, pending, end: lastEnd = 0 } = this.state;
    const known = Math.max(committed, pending?.to ?? 0, lastEnd);
    if (bases.length === 0) {
      if (known > 0) throw this.gap(known - 1, 'all segments are missing');
      await this.writeState(this.state);
      bases.push(0);
    }
    for (const base of bases) {
      const file = await stat(this.path(base)).catch(() => null);
      this.segments.push({ base, size: file?.size ?? 0, lastWrite: file?.mtimeMs ?? this.o.clock() });
    }
    if (bases[0]! > committed) throw this.gap(committed, `the first segment starts at ${bases[0]}`);

    const last = this.segments[this.segments.length - 1]!;
    this.active = await open(this.path(last.base), 'a+', 0o600).then(async (file) => {
      await file.close(); // created if missing; 'a' would ignore the positions that writes name
      return open(this.path(last.base), 'r+');
    });
    await syncFolder(folder);
    this.end = await this.recoverTail(last);
    if (this.end < known) throw this.gap(this.end, `records up to ${known} had been stored`);
    await this.seek(committed);
    this.read = 0;
    this.written = this.segments.reduce((sum, s) => (s.base > this.reader.segment ? sum + s.size : sum), 0);
    this.written += this.segments.find((s) => s.base === this.reader.segment)!.size - this.reader.position;
    // From here on the end moves, and only the log itself knows it.
    if (this.state.end !== undefined) await this.writeState({ version: 1, committed, ...(pending && { pending }) });
    this.o.logger.debug({ topic, committed, end: this.end, segments: this.segments.length }, 'Journal topic opened');
  }

  /** Checks the last segment, cuts off a torn write, and returns the end of the log. */
  private async recoverTail(last: Segment): Promise<number> {
    const cursor = { position: 0, offset: last.base };
    while (cursor.position < last.size) {
      try {
        await this.walk(this.active, cursor, last.size, () => true);
      } catch (e) {
        if (!(e instanceof ShadowerError)) throw e;
        if (await this.acknowledgedBeyond(last, cursor)) throw e;
        const bytes = last.size - cursor.position;
        await this.active.truncate(cursor.position);
        await this.active.sync();
        last.size = cursor.position;
        this.o.logger.warn(
          { topic: this.o.topic, segment: segmentName(last.base), offset: cursor.offset, bytes },
          'The journal ended in a write that was cut short and never acknowledged; removed it',
        );
      }
    }
    return cursor.offset;
  }

  /** Whether a whole record behind the damage says that the damaged one had been durable when it was written. */
  private async acknowledgedBeyond(last: Segment, damage: { position: number; offset: number }): Promise<boolean> {
    for (let from = damage.position; from < last.size; from += CHUNK_BYTES) {
      const overlap = FRAME_BYTES + 16;
      const chunk = await readFully(this.active, from, Math.min(CHUNK_BYTES + overlap, last.size - from));
      for (let at = 0; at < CHUNK_BYTES && at + overlap <= chunk.length; at++) {
        const length = frameLength(chunk, at);
        if (length === null || from + at + length > last.size) continue;
        const offset = chunk.readBigUInt64LE(at + FRAME_BYTES);
        const synced = chunk.readBigUInt64LE(at + FRAME_BYTES + 8);
        if (synced <= BigInt(damage.offset) || offset < synced || offset - synced > 10_000_000n) continue;
        const frame = readFrame(await readFully(this.active, from + at, length), 0);
        if (typeof frame === 'object') return true;
      }
    }
    return false;
  }

  /** Puts the reader at an offset. */
  private async seek(offset: number): Promise<void> {
    const segment = this.segments.findLast((s) => s.base <= offset)!;
    const reader: TopicJournal['reader'] = { segment: segment.base, position: 0, offset: segment.base };
    this.reader = reader;
    reader.file = await open(this.path(segment.base), 'r');
    while (reader.offset < offset && reader.position < segment.size) {
      await this.walk(reader.file, reader, segment.size, () => reader.offset + 1 < offset);
    }
    if (reader.offset !== offset) throw this.gap(reader.offset, 'the segment ends too early');
  }

  /** Waits for what was appended, notes the end, and lets go of the files. */
  async close(): Promise<void> {
    await this.flushing;
    await this.stateWrites;
    if (!this.broken) {
      await this.writeState({ ...this.state, end: this.end }).catch((err: unknown) =>
        this.o.logger.warn({ topic: this.o.topic, err }, 'The end of the journal could not be noted'),
      );
    }
    this.broken ??= new ShadowerError('LOG_UNAVAILABLE', 'the journal is closed');
    await this.reader.file?.close();
    await this.active.close();
  }

  private path(base: number): string {
    return join(this.o.folder, segmentName(base));
  }

  private gap(offset: number, why: string): ShadowerError {
    return new ShadowerError(
      'LOG_GAP',
      `record ${offset} of ${this.o.topic} in ${this.o.folder}: ${why}. Restore the folder from a copy, or move it away to ` +
        'start with an empty log and send again what was not counted yet',
    );
  }
}

function fail(error: Error): never {
  throw error;
}

/** State of a topic as its file holds it; null where that is damaged. */
export function parseState(text: string): State | null {
  const whole = (n: unknown): n is number => Number.isSafeInteger(n) && (n as number) >= 0;
  try {
    const s = JSON.parse(text) as State;
    if (s.version !== 1 || !whole(s.committed) || (s.end !== undefined && !whole(s.end))) return null;
    if (s.pending && ![s.pending.from, s.pending.to, s.pending.at, s.pending.encoder].every(whole)) return null;
    return s;
  } catch {
    return null;
  }
}

async function readFully(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await file.read(buffer, done, length - done, position + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return buffer.subarray(0, done);
}
