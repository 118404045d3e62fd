/** Checks of positions: every offset below the committed one became a raw row, a dead letter, or was counted otherwise. */
import { rawTableName } from '../catalog/tables';
import type { ClickHouse } from '../clickhouse/client';
import type { Domain } from '../domains/define';
import type { LogInspector } from '../pipeline/log-state';
import { GENTLE, type Settled } from './count-checks';
import type { CheckResult } from './differences';

/** A commit takes no longer than this, milliseconds. */
const COMMIT_MS = 3000;

/**
 * Offsets from the first one that was processed in the range to the committed one. Those that left no row must not be more
 * than what the accounting has as duplicate, ignored, or of a type without raw; it counts by topic, so they are summed up.
 *
 * In Kafka, control records of transactions, aborted records and compacted ones have offsets and nothing in them; where a
 * topic has such, `transactional` names it, and holes in its offsets prove nothing.
 */
export async function positionChecks(
  ch: ClickHouse,
  domains: readonly Domain[],
  s: Settled,
  log: LogInspector | undefined,
  transactional: readonly string[] = [],
): Promise<CheckResult> {
  const result: CheckResult = { check: 'positions', compared: 0, differences: [], skipped: [] };
  const db = ch.database;
  const progress = `SELECT topic, part, committed FROM ${db}.progress_log FINAL`;
  const stored = (await ch.arrays(progress)) as [string, number, number][];
  const behind = async (): Promise<[string, number, number, number][]> => {
    const state = await log?.state();
    return stored.flatMap(([topic, part, expected]) => {
      const own = state?.partitions.find((p) => p.topic === topic && p.partition === part);
      return own !== undefined && own.committed < expected ? [[topic, part, expected, own.committed]] : [];
    });
  };
  // The store may hear of a position a moment before the log does.
  let reset = await behind();
  if (reset.length > 0) {
    await new Promise((r) => setTimeout(r, COMMIT_MS));
    reset = await behind();
  }
  for (const [topic, part, expected, found] of reset)
    result.differences.push({
      check: 'positions',
      subject: `${topic}[${part}]`,
      workspace: '',
      from: s.from,
      to: s.to,
      expected,
      found,
      detail: `the log has gone back behind the position that was counted: its offsets were reset, or the topic was made anew; what is read again counts again unless it has an event_id`,
    });
  if (s.from >= s.to) return result;

  const kept = domains.flatMap((d) => d.events).filter((e) => e.rawRetentionDays > 0);
  const from = `toDateTime(${s.from}, 'UTC')`;
  const places = [...kept.map((e) => rawTableName(e.type)), 'dead_letters'].map(
    (t) => `SELECT topic, part, off FROM ${db}.${t} WHERE written_at >= ${from}`,
  );
  const seen = (await ch.arrays(
    `SELECT topic, part, min(p.off), count(), max(next - p.off), argMax(p.off, next - p.off), any(p.committed) FROM (
       SELECT topic, part, off, c.committed AS committed, leadInFrame(off, 1, c.committed) OVER (PARTITION BY topic, part ORDER BY off ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS next FROM (
         SELECT topic, part, off FROM (${places.join(' UNION ALL ')}) GROUP BY topic, part, off) AS o
       INNER JOIN (${progress}) AS c USING (topic, part) WHERE off < c.committed) AS p
     GROUP BY topic, part`,
    {},
    GENTLE,
  )) as [string, number, number, number, number, number, number][];
  const off = domains.flatMap((d) => d.events).filter((e) => e.rawRetentionDays === 0);
  const explained = new Map(
    (await ch.arrays(
      `SELECT topic, sum(items) FROM ${db}.accounting_1m WHERE t >= ${from} AND (outcome IN ('duplicate', 'ignored') OR outcome = 'used' AND has({off:Array(String)}, reason)) GROUP BY topic`,
      { off: off.map((e) => e.type) },
    )) as [string, number][],
  );
  const topics = new Map<string, { missing: number; expected: number; gaps: string[] }>();
  for (const [topic, part, first, found, gap, before, end] of seen) {
    result.compared++;
    const t = topics.get(topic) ?? { missing: 0, expected: 0, gaps: [] };
    topics.set(topic, t);
    t.expected += end - first;
    t.missing += end - first - found;
    if (gap > 1) t.gaps.push(`${gap - 1} after offset ${before} of partition ${part}`);
  }
  for (const [topic, t] of topics) {
    const excused = explained.get(topic) ?? 0;
    if (transactional.includes(topic)) {
      result.skipped.push(`${topic} has transactions, so holes in its offsets prove nothing`);
      continue;
    }
    if (t.missing <= excused) continue;
    result.differences.push({
      check: 'positions',
      subject: topic,
      workspace: '',
      from: s.from,
      to: s.to,
      expected: t.expected,
      found: t.expected - t.missing + excused,
      detail: `${t.missing - excused} offsets below the committed ones are neither in raw nor a dead letter nor counted otherwise (the longest gaps: ${t.gaps.slice(0, 3).join('; ')})`,
    });
  }
  return result;
}
