/** Whether raw still holds every event that was counted: by the accounting, which lives longer than raw does. */
import { rawTableName, systemTables } from '../catalog/tables';
import type { ClickHouse } from '../clickhouse/client';
import { ShadowerError } from '../errors';
import { TIME_LIMITS } from '../pipeline/batch';
import { DAY, dayOf, windowsIn, type Scope } from './scope';

const ACCOUNTING_DAYS = systemTables.find((t) => t.name === 'accounting_1m')!.retentionDays;

/**
 * Every event of the scope was written at its beginning (less what clocks may be ahead) or later; since then, each day must
 * have as many raw rows as events were counted as used. What was written at `settledBefore` (seconds, a whole minute) or
 * later is left out: a batch may be half in.
 * @throws ShadowerError RAW_INCOMPLETE naming the first day that has not
 */
export async function refuseIncomplete(ch: ClickHouse, scope: Scope, settledBefore = 0xffff_ffff): Promise<void> {
  const since = Math.max(0, Math.floor((scope.from - TIME_LIMITS.futureMs / 1000) / 60) * 60);
  const until = `toDateTime(${Math.floor(settledBefore)}, 'UTC')`;
  const db = ch.database;
  for (const def of scope.events) {
    const days = (await ch.arrays(
      `SELECT toString(day), sum(used), sum(raw) FROM (
         SELECT toDate(t) AS day, sum(items) AS used, 0 AS raw FROM ${db}.accounting_1m
         WHERE outcome = 'used' AND reason = {type:String} AND t >= toDateTime(${since}, 'UTC') AND t < ${until} GROUP BY day
         UNION ALL
         SELECT toDate(written_at) AS day, 0 AS used, count() AS raw FROM ${db}.${rawTableName(def.type)}
         WHERE written_at >= toDateTime(${since}, 'UTC') AND written_at < ${until} GROUP BY day)
       GROUP BY day HAVING sum(used) != sum(raw) ORDER BY day LIMIT 1`,
      { type: def.type },
    )) as [string, number, number][];
    const [bad] = days;
    if (bad === undefined) continue;
    const [day, used, raw] = bad;
    if (raw < used)
      throw new ShadowerError(
        'RAW_INCOMPLETE',
        `of ${def.type}, ${used} events were counted on ${day} and raw holds ${raw} of them (it keeps them for ${def.rawRetentionDays} days); a rebuild of ${dayOf(scope.from)} would lose what only the rollups know. The first day that can be rebuilt is the one after ${day}, or later.`,
      );
    throw new ShadowerError(
      'RAW_INCOMPLETE',
      `of ${def.type}, ${used} events were counted on ${day} and raw holds ${raw}: some are there twice. "shadower reconcile" shows them; where whole rows are equal, OPTIMIZE TABLE ${db}.${rawTableName(def.type)} FINAL DEDUPLICATE removes them.`,
    );
  }
  const oldest = Math.floor(Date.now() / 1000) - ACCOUNTING_DAYS * DAY;
  if (since >= oldest) return;
  for (const t of scope.tables) {
    const [found] = (await ch.arrays(
      `SELECT toUnixTimestamp(min(t)), count() FROM ${db}.${t.name} WHERE ${windowsIn(scope.from, scope.to)} AND written_at < toDateTime(${Math.max(0, oldest)}, 'UTC')`,
    )) as [number, number][];
    if (found !== undefined && found[1] > 0)
      throw new ShadowerError(
        'RAW_INCOMPLETE',
        `${t.name} has rows of ${dayOf(found[0])} that were written more than ${ACCOUNTING_DAYS} days ago, before what the accounting still knows; whether raw holds their events cannot be told`,
      );
  }
}
