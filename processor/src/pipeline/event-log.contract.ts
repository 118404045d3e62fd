/** The contract of the EventLog port. Every adapter and the in-memory twin run it; see `*.test.ts` beside them. */
import type { EventLog, LogConsumer, LogRecord, NewRecord, OffsetRange, TopicPartition } from './ports';
import type { Records } from './records';

/** One fresh log with one topic; each `open` is one process at it. */
export interface EventLogHarness {
  topic: string;
  partitions: number;
  open(): Promise<EventLog>;
  /** Takes the process away without a goodbye; the next `open` must find what was durable. */
  crash(log: EventLog): Promise<void>;
  cleanUp(): Promise<void>;
}

type Assigned = Parameters<LogConsumer['assigned']>[0];

/** A consumer that writes down what it gets. */
export class Recorder implements LogConsumer {
  readonly assignments: Assigned[] = [];
  readonly byPartition = new Map<number, LogRecord[]>();
  readonly ends = new Map<number, number>();
  onRecords?: (tp: TopicPartition, records: readonly LogRecord[], end: number) => Promise<void>;
  onAssigned?: (partitions: Assigned) => Promise<void>;
  running = 0;
  private readonly busy = new Set<string>();

  async assigned(partitions: Assigned): Promise<void> {
    if (this.running > 0) throw new Error('assigned during records');
    this.assignments.push(partitions);
    this.byPartition.clear();
    await this.onAssigned?.(partitions);
  }

  async records(tp: TopicPartition, columns: Records, end: number): Promise<void> {
    const records = [...columns];
    const key = `${tp.topic}/${tp.partition}`;
    const assigned = this.assignments.at(-1)?.find((p) => p.topic === tp.topic && p.partition === tp.partition);
    if (!assigned) throw new Error(`records of ${key}, which is not assigned`);
    if (this.busy.has(key)) throw new Error(`two calls at once for ${key}`);
    this.busy.add(key);
    this.running++;
    try {
      await this.onRecords?.(tp, records, end);
      const held = this.byPartition.get(tp.partition) ?? [];
      const position = held.length > 0 ? held[held.length - 1]!.offset + 1 : assigned.committed;
      for (const record of records) {
        if (record.offset < position) throw new Error(`${key}: offset ${record.offset} after ${position}`);
      }
      this.byPartition.set(tp.partition, held.concat(records));
      this.ends.set(tp.partition, end);
    } finally {
      this.busy.delete(key);
      this.running--;
    }
  }

  all(): LogRecord[] {
    return [...this.byPartition.values()].flat();
  }
  values(): string[] {
    return this.all().map((r) => r.value!.toString());
  }
  /** The newest assignment's entry. */
  position(partition: number): Assigned[number] {
    return this.assignments.at(-1)!.find((p) => p.partition === partition)!;
  }
  /** The range of everything held of a partition, as a flush would make it. */
  range(topic: string, partition: number): OffsetRange {
    const records = this.byPartition.get(partition)!;
    const { committed: from } = this.position(partition);
    return { topic, partition, from, to: records[records.length - 1]!.offset + 1, at: 1_764_000_000_000, encoder: 1 };
  }
}

/** Waits until `condition` holds; fails with `what` after `timeoutMs`. */
export async function until(what: string, condition: () => boolean, timeoutMs = 20_000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`waited ${timeoutMs} ms in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

export const record = (value: string, key: string | null = null, headers?: Record<string, string>): NewRecord => ({
  key: key === null ? null : Buffer.from(key),
  value: Buffer.from(value),
  ...(headers && { headers }),
});

const numbers = (n: number, from = 0) => Array.from({ length: n }, (_, i) => `v${from + i}`);
const fenced = { code: 'LOG_FENCED' };

/** `setUp` answers null where the log cannot run here; its caller says so, loudly. */
export function eventLogContract(name: string, setUp: () => Promise<EventLogHarness | null>): void {
  describe(`${name} keeps the EventLog contract`, () => {
    let h: EventLogHarness;
    let logs: EventLog[];
    let available = false;
    const check = (what: string, run: () => Promise<void>) => it(what, () => (available ? run() : Promise.resolve()));
    const open = async () => {
      const log = await h.open();
      logs.push(log);
      return log;
    };
    const consuming = async (consumer = new Recorder()) => {
      const log = await open();
      await log.consume(consumer);
      return { log, consumer };
    };

    beforeEach(async () => {
      const harness = await setUp();
      available = harness !== null;
      if (harness) h = harness;
      logs = [];
    });
    afterEach(async () => {
      for (const log of logs) await log.close().catch(() => undefined);
      if (available) await h.cleanUp();
    });

    check(
      'delivers what was appended: bytes, key, headers, time, growing offsets, and says when that was all',
      async () => {
        const { log, consumer } = await consuming();
        const bytes = Buffer.from([0, 255, 128, 10, 13]);
        const before = Date.now();
        await log.append(h.topic, [
          { key: Buffer.from('k'), value: bytes, headers: { workspace: 'démo', empty: '' } },
          record('', 'k'),
          record('third', 'k'),
        ]);
        await until('three records arrived', () => consumer.all().length === 3);
        const [first, second, third] = consumer.all();
        expect(first!.value!.equals(bytes)).toBe(true);
        expect(first!.key!.toString()).toBe('k');
        expect(first!.headers).toEqual({ workspace: 'démo', empty: '' });
        expect(first!.timestamp).toBeGreaterThanOrEqual(before - 1);
        expect(first!.timestamp).toBeLessThanOrEqual(Date.now() + 1);
        expect(second!.value!.length).toBe(0);
        expect(third!.value!.toString()).toBe('third');
        const partition = [...consumer.byPartition.keys()][0]!;
        expect(consumer.byPartition.size).toBe(1);
        const end = third!.offset + 1;
        await until('the end is known', () => consumer.ends.get(partition) === end);
        const ends = await log.endOffsets();
        expect(ends).toHaveLength(h.partitions);
        expect(ends.find((e) => e.partition === partition)).toEqual({ topic: h.topic, partition, end });
      },
    );

    check('assigns every partition before it delivers, from the start in a new group', async () => {
      const producer = await open();
      await producer.append(h.topic, [record('early')]);
      await producer.close();
      const { consumer } = await consuming();
      expect(consumer.assignments[0]).toHaveLength(h.partitions);
      for (const p of consumer.assignments[0]!) expect(p).toMatchObject({ topic: h.topic, committed: 0 });
      await until('the early record arrived', () => consumer.values().includes('early'));
    });

    check('keeps the order of a key and loses nothing under concurrent appends', async () => {
      const { log, consumer } = await consuming();
      const appends = [];
      for (let i = 0; i < 40; i++) {
        appends.push(
          log.append(
            h.topic,
            numbers(25, i * 25).map((v) => record(v, `key-${i}`)),
          ),
        );
      }
      await Promise.all(appends);
      await until('all arrived', () => consumer.all().length === 1000);
      expect(new Set(consumer.values())).toEqual(new Set(numbers(1000)));
      for (let i = 0; i < 40; i++) {
        const mine = consumer.all().filter((r) => r.key!.toString() === `key-${i}`);
        expect(mine.map((r) => r.value!.toString())).toEqual(numbers(25, i * 25));
      }
    });

    check('waits for the consumer and delivers a failed batch again, without a hole', async () => {
      const log = await open();
      await log.append(
        h.topic,
        numbers(50).map((v) => record(v, 'same')),
      );
      const consumer = new Recorder();
      let failures = 2;
      const seen: number[] = [];
      consumer.onRecords = async (_, records) => {
        seen.push(records[0]!.offset);
        await new Promise((resolve) => setTimeout(resolve, 20));
        if (failures-- > 0) throw new Error('ClickHouse is away');
      };
      await log.consume(consumer);
      await until('all arrived', () => consumer.all().length === 50);
      expect(seen.slice(0, 3)).toEqual([seen[0], seen[0], seen[0]]);
      expect(consumer.values()).toEqual(numbers(50));
    });

    check('delivers again what was not committed, and only that', async () => {
      const first = await consuming();
      await first.log.append(
        h.topic,
        numbers(10).map((v) => record(v, 'k')),
      );
      await until('the first ten arrived', () => first.consumer.all().length === 10);
      const partition = [...first.consumer.byPartition.keys()][0]!;
      const range = first.consumer.range(h.topic, partition);
      await first.log.recordIntent(range);
      await first.log.commit(range);
      await first.log.append(
        h.topic,
        numbers(5, 10).map((v) => record(v, 'k')),
      );
      await until('five more arrived', () => first.consumer.all().length === 15);
      await h.crash(first.log);

      const second = await consuming();
      expect(second.consumer.position(partition).committed).toBe(range.to);
      expect(second.consumer.position(partition).pending).toBeUndefined();
      await until('the five came again', () => second.consumer.all().length === 5);
      expect(second.consumer.values()).toEqual(numbers(5, 10));
    });

    check('hands a recorded intent to the next owner, who commits it', async () => {
      const first = await consuming();
      await first.log.append(
        h.topic,
        numbers(10).map((v) => record(v, 'k')),
      );
      await until('ten arrived', () => first.consumer.all().length === 10);
      const partition = [...first.consumer.byPartition.keys()][0]!;
      const range = { ...first.consumer.range(h.topic, partition), at: 1_764_000_123_456, encoder: 7 };
      await first.log.recordIntent(range);
      await h.crash(first.log);

      const second = await consuming();
      const position = second.consumer.position(partition);
      expect(position.committed).toBe(range.from);
      expect(position.pending).toEqual(range);
      await until('the range came again', () => second.consumer.all().length === 10);
      await second.log.commit({ ...range, epoch: position.epoch });
      await h.crash(second.log);

      const third = await consuming();
      expect(third.consumer.position(partition)).toMatchObject({ committed: range.to });
      expect(third.consumer.position(partition).pending).toBeUndefined();
    });

    check('may commit from inside records, and lets a commit or an intent be repeated', async () => {
      const consumer = new Recorder();
      const log = await open();
      let position = 0;
      consumer.onRecords = async (tp, records) => {
        const range = { ...tp, from: position, to: records[records.length - 1]!.offset + 1, at: 5, encoder: 1 };
        await log.recordIntent(range);
        await log.recordIntent(range);
        await log.commit(range);
        position = range.to;
      };
      await log.consume(consumer);
      for (let i = 0; i < 5; i++) await log.append(h.topic, [record(`v${i}`, 'k')]);
      await until('all arrived', () => consumer.all().length === 5);
      expect(position).toBe(5);
    });

    check('refuses ranges that are stale, differ from what is in flight, or belong to another assignment', async () => {
      const { log, consumer } = await consuming();
      await log.append(
        h.topic,
        numbers(10).map((v) => record(v, 'k')),
      );
      await until('ten arrived', () => consumer.all().length === 10);
      const partition = [...consumer.byPartition.keys()][0]!;
      const tp = { topic: h.topic, partition };
      const range = { ...tp, from: 0, to: 5, at: 1, encoder: 1 };
      await expect(log.recordIntent({ ...range, partition: 99 })).rejects.toMatchObject(fenced);
      await expect(log.recordIntent({ ...range, epoch: -1 })).rejects.toMatchObject(fenced);
      await log.recordIntent(range);
      await expect(log.recordIntent({ ...range, to: 6 })).rejects.toMatchObject(fenced);
      await expect(log.commit({ ...range, to: 6 })).rejects.toMatchObject(fenced);
      await log.commit(range);
      await expect(log.recordIntent(range)).rejects.toMatchObject(fenced);
      await log.recordIntent({ ...range, from: 5, to: 10 });
      await log.commit({ ...range, from: 5, to: 10 });
    });

    check('refuses everything after close', async () => {
      const { log } = await consuming();
      await log.close();
      const range = { topic: h.topic, partition: 0, from: 0, to: 1, at: 1, encoder: 1 };
      await expect(log.append(h.topic, [record('x')])).rejects.toMatchObject({ name: 'ShadowerError' });
      await expect(log.recordIntent(range)).rejects.toMatchObject(fenced);
      await expect(log.commit(range)).rejects.toMatchObject(fenced);
    });

    check('lets the records call in progress finish and commit while it closes', async () => {
      const { log, consumer } = await consuming();
      let entered = false;
      let committed = false;
      consumer.onRecords = async (tp, records) => {
        entered = true;
        await new Promise((resolve) => setTimeout(resolve, 100));
        const range = { ...tp, from: 0, to: records[0]!.offset + 1, at: 1, encoder: 1 };
        await log.recordIntent(range);
        await log.commit(range);
        committed = true;
      };
      await log.append(h.topic, [record('x', 'k')]);
      await until('records was called', () => entered);
      await log.close();
      expect(committed).toBe(true);
    });

    check('gives a record of some hundred kilobytes and an append of several megabytes whole', async () => {
      const { log, consumer } = await consuming();
      const big = 'x'.repeat(300_000);
      await log.append(
        h.topic,
        Array.from({ length: 20 }, (_, i) => record(`${i}:${big}`, 'k')),
      );
      await until('all arrived', () => consumer.all().length === 20);
      expect(consumer.values().map((v) => [v.split(':')[0], v.length])).toEqual(
        Array.from({ length: 20 }, (_, i) => [String(i), big.length + 1 + String(i).length]),
      );
    });
  });
}
