/** A real store that a real pipeline has streamed into, and digests of what it holds. Needs `npm run build`. */
import type { ClickHouse } from '../../clickhouse/client';
import { ClickHouseStore } from '../../clickhouse/store';
import { rollupTables } from '../../catalog/tables';
import { domains } from '../../domains';
import { decodeTraces } from '../../otlp';
import { plainBatches } from '../../pipeline/batch';
import type { TopicSpec } from '../../pipeline/decode';
import { MemoryLog, MemoryLogStore } from '../../pipeline/memory-log';
import { Pipeline, PIPELINE_DEFAULTS } from '../../pipeline/processor';
import { allRollups } from '../../vocabulary/edges';

export const TOPIC = 'events';
const topics: TopicSpec[] = [{ topic: TOPIC, encoding: 'event_json', workspace: 'demo' }];

export class Stream {
  readonly log = new MemoryLogStore({ [TOPIC]: 3 });
  /** Added to the clock, milliseconds, so that batches are written at different times. */
  skew = 0;
  private appended = 0;

  constructor(private readonly ch: ClickHouse) {}

  /** Appends the events and counts them, by a pipeline of its own. With `kill`, that one dies before a commit and a successor replays. */
  async send(events: readonly object[], o: { kill?: boolean; perBatch?: number } = {}): Promise<void> {
    const producer = new MemoryLog(this.log);
    for (const e of events)
      await producer.append(TOPIC, [{ key: this.keyOf(e), value: Buffer.from(JSON.stringify(e)) }]);
    if (o.kill) {
      const log = new MemoryLog(this.log);
      log.killAt('before-commit');
      await this.start(log, o.perBatch);
      await new Promise((r) => setTimeout(r, 300));
      log.kill();
    }
    const pipeline = await this.start(new MemoryLog(this.log), o.perBatch);
    const deadline = Date.now() + 30_000;
    while (this.positions().some((p) => p.committed < p.end)) {
      if (Date.now() > deadline) throw new Error(`not drained: ${JSON.stringify(this.positions())}`);
      await new Promise((r) => setTimeout(r, 5));
    }
    await pipeline.stop();
  }

  /** By id, so that the same id comes to the same partition. */
  private keyOf(e: { event_id?: string }): Buffer {
    return Buffer.from(e.event_id ?? `k${this.appended++}`);
  }

  positions() {
    return [0, 1, 2].map((partition) => ({ partition, ...this.log.inspect({ topic: TOPIC, partition }) }));
  }

  private async start(log: MemoryLog, perBatch = 40): Promise<Pipeline> {
    const pipeline = new Pipeline(
      log,
      new ClickHouseStore(this.ch, domains),
      plainBatches(domains, decodeTraces, { latenessMs: Infinity, futureMs: 10 * 60_000 }),
      topics,
      {
        ...PIPELINE_DEFAULTS,
        flushIntervalMs: 20,
        maxBatchItems: perBatch,
      },
      () => Date.now() + this.skew,
    );
    await pipeline.start();
    return pipeline;
  }
}

export const rollupTableNames = allRollups(domains).flatMap((s) => rollupTables(s.rollup).map((t) => t.name));

/** Count and digest of every row, all columns to the last bit, of every rollup table after merging. */
export async function digests(ch: ClickHouse): Promise<Record<string, string>> {
  const result: Record<string, string> = {};
  for (const name of rollupTableNames) {
    await ch.command(`OPTIMIZE TABLE ${ch.database}.${name} FINAL`);
    const [row] = await ch.rows<{ n: string; digest: string }>(
      `SELECT toString(count()) AS n, toString(sum(sipHash64(formatRow('RowBinary', *)))) AS digest FROM ${ch.database}.${name}`,
    );
    result[name] = `${row!.n} rows ${row!.digest}`;
  }
  return result;
}
