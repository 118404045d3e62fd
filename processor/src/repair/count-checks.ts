/** Checks of counts: raw and dead letters against the accounting, rollups against raw, grains against each other. */
import { rawTableName, rollupTables, systemTables, type ColumnDef, type TableDef } from '../catalog/tables';
import type { ClickHouse } from '../clickhouse/client';
import { quoteName } from '../clickhouse/ddl';
import { GRAINS, type Domain, type EventDef, type RollupDef } from '../domains/define';
import { allRollups } from '../vocabulary/edges';
import type { CheckResult } from './differences';
import { DAY } from './scope';

/** What can be judged, in seconds and whole minutes. */
export interface Settled {
  from: number;
  to: number;
  /** Everything that was written before is in whole. */
  settledBefore: number;
  now: number;
}

/** One thread, bounded memory: these queries run beside everything else. */
export const GENTLE = {
  max_threads: 1,
  max_memory_usage: 1024 * 1024 * 1024,
  max_bytes_before_external_group_by: 256 * 1024 * 1024,
};
/** Differences listed per query. */
const LISTED = 100;
/** Rows within this of their retention's end may be gone already, and are not judged; seconds. */
const EXPIRY_MARGIN = 3600;

const at = (seconds: number): string => `toDateTime(${seconds}, 'UTC')`;
/** First second of the range whose rows are surely kept, given retention in days (0: for ever). */
const keptFrom = (s: Settled, ...days: number[]): number =>
  Math.ceil(Math.max(s.from, ...days.map((d) => (d === 0 ? 0 : s.now - d * DAY + EXPIRY_MARGIN))) / 60) * 60;

export async function countChecks(ch: ClickHouse, domains: readonly Domain[], s: Settled): Promise<CheckResult[]> {
  const kept = domains.flatMap((d) => d.events).filter((e) => e.rawRetentionDays > 0);
  return [
    await duplicates(ch, kept, s),
    await accounting(ch, kept, s),
    await windows(ch, domains, s),
    await grains(ch, domains, s),
  ];
}

const deadLetters = (): TableDef => systemTables.find((t) => t.name === 'dead_letters')!;

/** Rows of one place in the log that are there more than once: what a retry without deduplication leaves. */
async function duplicates(ch: ClickHouse, events: readonly EventDef[], s: Settled): Promise<CheckResult> {
  const result: CheckResult = { check: 'duplicates', compared: 0, differences: [], skipped: [] };
  const letters = deadLetters();
  const tables = [
    // Of one span a domain may make several events, so a place alone does not name an event.
    ...events.map((e) => ({
      name: rawTableName(e.type),
      key: 'topic, part, off, idx, event_id, t',
      days: e.rawRetentionDays,
    })),
    { name: letters.name, key: 'topic, part, off, idx, code', days: letters.retentionDays },
  ];
  for (const table of tables) {
    const from = keptFrom(s, table.days);
    if (from >= s.to) continue;
    const rows = (await ch.arrays(
      `SELECT topic, part, sum(n), count(), minIf(off, n > 1) FROM (
         SELECT ${table.key}, count() AS n FROM ${ch.database}.${table.name}
         WHERE written_at >= ${at(from)} AND written_at < ${at(s.to)} GROUP BY ${table.key})
       GROUP BY topic, part ORDER BY topic, part`,
      {},
      GENTLE,
    )) as [string, number, number, number, number][];
    for (const [topic, part, found, expected, off] of rows) {
      result.compared++;
      if (found === expected) continue;
      result.differences.push({
        check: 'duplicates',
        subject: `${table.name} ${topic}[${part}]`,
        workspace: '',
        from,
        to: s.to,
        expected,
        found,
        detail: `${found - expected} rows are there again, the first at offset ${off}`,
      });
    }
  }
  return result;
}

/** Every minute of processing: as many rows as the accounting says. */
async function accounting(ch: ClickHouse, events: readonly EventDef[], s: Settled): Promise<CheckResult> {
  const result: CheckResult = { check: 'accounting', compared: 0, differences: [], skipped: [] };
  const letters = deadLetters();
  const sides = [
    ...events.map((e) => ({
      table: rawTableName(e.type),
      days: e.rawRetentionDays,
      counted: `outcome = 'used' AND reason = {type:String}`,
      reason: `''`,
      type: e.type,
    })),
    { table: letters.name, days: letters.retentionDays, counted: `outcome = 'dead_letter'`, reason: 'code', type: '' },
  ];
  for (const side of sides) {
    const from = keptFrom(s, side.days);
    if (from >= s.to) {
      if (s.from < s.to)
        result.skipped.push(`${side.table} keeps ${side.days} days, which is less than the range reaches back`);
      continue;
    }
    const rows = (await ch.arrays(
      `SELECT toUnixTimestamp(minute), topic, workspace, why, sum(counted), sum(held), count() OVER () FROM (
         SELECT t AS minute, topic, workspace, ${side.type === '' ? 'reason' : `''`} AS why, sum(items) AS counted, 0 AS held
         FROM ${ch.database}.accounting_1m WHERE ${side.counted} AND t >= ${at(from)} AND t < ${at(s.to)} GROUP BY minute, topic, workspace, why
         UNION ALL
         SELECT toStartOfMinute(written_at) AS minute, topic, workspace, ${side.reason} AS why, 0 AS counted, count() AS held
         FROM ${ch.database}.${side.table} WHERE written_at >= ${at(from)} AND written_at < ${at(s.to)} GROUP BY minute, topic, workspace, why)
       GROUP BY minute, topic, workspace, why ORDER BY sum(counted) = sum(held), minute, topic LIMIT ${LISTED}`,
      { type: side.type },
      GENTLE,
    )) as [number, string, string, string, number, number, number][];
    result.compared += rows[0]?.[6] ?? 0;
    for (const [minute, topic, workspace, why, expected, found] of rows) {
      if (expected === found) break;
      result.differences.push({
        check: 'accounting',
        subject: `${side.table} of ${topic}`,
        workspace,
        from: minute,
        to: minute + 60,
        expected,
        found,
        detail: `rows ${why === '' ? '' : `of ${why} `}against what the accounting has of this minute of processing`,
      });
    }
  }
  return result;
}

/** Rollups that count every event of one type, so that their count must be that of raw. */
function plainCounts(domains: readonly Domain[]): { rollup: RollupDef<never>; def: EventDef; column: string }[] {
  return domains.flatMap((d) =>
    d.rollups.flatMap((rollup) => {
      const def = domains.flatMap((x) => x.events).find((e) => e.type === rollup.event);
      const count = Object.entries(rollup.measures as Record<string, { kind: string }>).find(
        ([, m]) => m.kind === 'count',
      );
      if (rollup.where !== undefined || def === undefined || def.rawRetentionDays === 0 || count === undefined)
        return [];
      return [{ rollup, def, column: count[0] }];
    }),
  );
}

async function windows(ch: ClickHouse, domains: readonly Domain[], s: Settled): Promise<CheckResult> {
  const result: CheckResult = { check: 'windows', compared: 0, differences: [], skipped: [] };
  for (const { rollup, def, column } of plainCounts(domains)) {
    const table = rollupTables(rollup)[0]!;
    const seconds = GRAINS[table.grain];
    const from = Math.ceil(keptFrom(s, def.rawRetentionDays, table.retentionDays) / seconds) * seconds;
    const to = Math.floor(s.to / seconds) * seconds;
    if (from >= to) continue;
    const rows = (await ch.arrays(
      `SELECT window, workspace, sum(raw), sum(rolled), max(written) < ${at(s.settledBefore)} AND sum(raw) != sum(rolled), count() OVER () FROM (
         SELECT intDiv(toUnixTimestamp64Milli(t), ${seconds}000) * ${seconds} AS window, workspace, count() AS raw, 0 AS rolled, max(written_at) AS written
         FROM ${ch.database}.${rawTableName(def.type)} WHERE t >= ${at(from)} AND t < ${at(to)} GROUP BY window, workspace
         UNION ALL
         SELECT toInt64(toUnixTimestamp(t)) AS window, workspace, 0 AS raw, sum(${quoteName(column)}) AS rolled, max(written_at) AS written
         FROM ${ch.database}.${table.name} WHERE t >= ${at(from)} AND t < ${at(to)} GROUP BY window, workspace)
       GROUP BY window, workspace ORDER BY 5 DESC, window LIMIT ${LISTED}`,
      {},
      GENTLE,
    )) as [number, string, number, number, number, number][];
    result.compared += rows[0]?.[5] ?? 0;
    for (const [t, workspace, expected, found, differs] of rows) {
      if (!differs) break;
      result.differences.push({
        check: 'windows',
        subject: table.name,
        workspace,
        from: t,
        to: t + seconds,
        expected,
        found,
        detail: `${def.type} in raw against ${column}; "shadower rebuild" mends it`,
      });
    }
  }
  return result;
}

const additive = (c: ColumnDef): boolean => c.aggregate === 'sum';

/** Windows of a coarser grain that ended in the range: their sums are those of the finer windows in them. */
async function grains(ch: ClickHouse, domains: readonly Domain[], s: Settled): Promise<CheckResult> {
  const result: CheckResult = { check: 'grains', compared: 0, differences: [], skipped: [] };
  for (const { rollup } of allRollups(domains)) {
    const tables = rollupTables(rollup);
    for (let i = 1; i < tables.length; i++) {
      const [finer, coarser] = [tables[i - 1]!, tables[i]!];
      const seconds = GRAINS[coarser.grain];
      const kept = keptFrom({ ...s, from: 0 }, finer.retentionDays, coarser.retentionDays);
      const from = Math.max(Math.floor(s.from / seconds) * seconds, Math.ceil(kept / seconds) * seconds);
      const to = Math.floor(s.to / seconds) * seconds;
      if (from >= to || s.from >= s.to) continue;
      const columns = coarser.columns.filter(additive);
      const side = (table: string, sign: 1 | -1): string =>
        `SELECT intDiv(toUnixTimestamp(t), ${seconds}) * ${seconds} AS window, workspace, ${columns
          .map(
            (c) =>
              `${sign} * sum(${c.type === 'Float64' ? quoteName(c.name) : `toInt64(${quoteName(c.name)})`}) AS ${quoteName(c.name)}`,
          )
          .join(
            ', ',
          )}, max(written_at) AS written FROM ${ch.database}.${table} WHERE t >= ${at(from)} AND t < ${at(to)} GROUP BY window, workspace`;
      // Beyond the bound of exact sums (docs/guarantee.md) the last bits may differ.
      const wrong = columns.map((c) =>
        c.type === 'Float64'
          ? `abs(sum(${quoteName(c.name)})) > 1e-9 * max(abs(${quoteName(c.name)}))`
          : `sum(${quoteName(c.name)}) != 0`,
      );
      const rows = (await ch.arrays(
        `SELECT window, workspace, max(written) < ${at(s.settledBefore)} AND (${wrong.join(' OR ')}) AS differs,
           arrayFilter(x -> x != '', [${columns.map((c, k) => `if(${wrong[k]}, '${c.name}', '')`).join(', ')}]), count() OVER (),
           maxIf(abs(${quoteName(columns[0]!.name)}), side = 0), maxIf(abs(${quoteName(columns[0]!.name)}), side = 1) FROM (
           SELECT *, 0 AS side FROM (${side(finer.name, -1)}) UNION ALL SELECT *, 1 AS side FROM (${side(coarser.name, 1)}))
         GROUP BY window, workspace ORDER BY differs DESC, window LIMIT ${LISTED}`,
        {},
        GENTLE,
      )) as [number, string, number, string[], number, number, number][];
      result.compared += rows[0]?.[4] ?? 0;
      for (const [t, workspace, differs, names, , expected, found] of rows) {
        if (!differs) break;
        result.differences.push({
          check: 'grains',
          subject: coarser.name,
          workspace,
          from: t,
          to: t + seconds,
          expected,
          found,
          detail: `sums of ${names.join(', ')} against ${finer.name} (shown: ${columns[0]!.name}); "shadower rebuild" mends it`,
        });
      }
    }
  }
  return result;
}
