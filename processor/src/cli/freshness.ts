/**
 * Freshness as rows: how far behind each partition is, what waits, and how long ClickHouse has taken nothing. A row is filed
 * under the newest minute that is complete, since alert rules look no further than that; while a partition stands still, its
 * row grows. Every processor reports all partitions, so that one that died is reported by the others.
 */
import type { ClickHouse } from '../clickhouse/client';
import { UNCONDITIONAL, quoteString, settingsSql } from '../clickhouse/ddl';
import type { Clock, TopicPartition } from '../pipeline/ports';
import type { PipelineObserver } from '../pipeline/processor';

const INTERVAL_MS = 15_000;
/** Attempts to insert come more often than this; without any, the partition has gone to another process. */
const FORGET_MS = 150_000;

type Told = Required<Pick<PipelineObserver, 'storeFailed' | 'flushed'>>;

export class Freshness implements Told {
  /** Partitions of which ClickHouse takes nothing at present; times in milliseconds. */
  private readonly failing = new Map<string, { tp: TopicPartition; since: number; last: number }>();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly ch: ClickHouse,
    private readonly clock: Clock = Date.now,
  ) {}

  storeFailed: Told['storeFailed'] = (tp) => {
    const now = this.clock();
    const key = `${tp.topic}/${tp.partition}`;
    const known = this.failing.get(key);
    if (known === undefined) this.failing.set(key, { tp, since: now, last: now });
    else known.last = now;
  };
  flushed: Told['flushed'] = (tp) => void this.failing.delete(`${tp.topic}/${tp.partition}`);

  /** Partitions that wait for ClickHouse, and for how long, seconds. */
  paused(): { tp: TopicPartition; seconds: number }[] {
    const now = this.clock();
    for (const [key, f] of this.failing) if (now - f.last > FORGET_MS) this.failing.delete(key);
    return [...this.failing.values()].map((f) => ({ tp: f.tp, seconds: (now - f.since) / 1000 }));
  }

  start(): void {
    // While ClickHouse is away no row can be written; the next one says then for how long.
    this.timer = setInterval(() => void this.write().catch(() => undefined), INTERVAL_MS);
    this.timer.unref();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  /** Rejects with STORE_UNAVAILABLE. */
  async write(): Promise<void> {
    const db = this.ch.database;
    const paused = this.paused().map(
      (p) => `topic = ${quoteString(p.tp.topic)} AND part = ${p.tp.partition}, ${p.seconds}, `,
    );
    await this.ch.command(
      `INSERT INTO ${db}.freshness_1m (workspace, t, topic, part, lag, behind_seconds, paused_seconds, written_at)
       SETTINGS ${settingsSql(UNCONDITIONAL)}
       SELECT '', toStartOfMinute(p.complete_until) - 60, topic, part, greatest(0, p.\`end\` - p.committed),
         greatest(0, toUnixTimestamp64Milli(now64(3)) - toUnixTimestamp64Milli(p.complete_until)) / 1000,
         ${paused.length === 0 ? 'toFloat64(0)' : `multiIf(${paused.join('')}toFloat64(0))`}, now('UTC')
       FROM ${db}.progress_log AS p FINAL
       WHERE p.complete_until >= toDateTime(60, 'UTC') AND p.updated_at > now64(3, 'UTC') - INTERVAL 1 DAY`,
    );
  }
}
