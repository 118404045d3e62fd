/**
 * `shadower reconcile`: compares what should be equal where everything was counted once: positions in the log, raw and
 * dead letters, the accounting, rollups of raw, and the grains among each other.
 *
 * It runs beside processors. So it judges only what is settled: batches that were opened before `complete until` (a
 * partition's `complete until` lies before the opening of whatever it has not committed), windows that ended before it, and
 * of these none into which something was written since.
 */
import { randomUUID } from 'node:crypto';
import type { ClickHouse } from '../clickhouse/client';
import { ClickHouseStore } from '../clickhouse/store';
import { GRAINS, type Domain } from '../domains/define';
import { ShadowerError } from '../errors';
import type { LogInspector } from '../pipeline/log-state';
import { countChecks, type Settled } from './count-checks';
import type { CheckResult, ReconcileReport } from './differences';
import { Claim } from './claim';
import { refuseIncomplete } from './completeness';
import { positionChecks } from './position-checks';
import { recompute } from './recompute';
import { scopeOf } from './scope';
import { Staging } from './staging';

export interface ReconcileOptions {
  /** Milliseconds. */
  from: number;
  to: number;
  /** Also recomputes every row of the rollups of the days in the range. */
  deep?: boolean;
  cluster?: string;
  /** The log's own positions, to be compared with those in the store. */
  log?: LogInspector;
  /** Topics that transactional producers write to: their offsets have holes. */
  transactional?: readonly string[];
  /** Milliseconds; defaults to the clock. */
  now?: number;
}

/** Until when everything is counted, seconds; null where no processor ever reported. */
async function completeUntil(ch: ClickHouse): Promise<number | null> {
  const rows = (await ch.arrays(
    `SELECT toUnixTimestamp64Milli(complete_until) FROM ${ch.database}.system_progress`,
  )) as [number][];
  return rows[0] === undefined ? null : rows[0][0] / 1000;
}

/** Rejects with REQUEST_INVALID (empty range), STORE_SCHEMA, STORE_UNAVAILABLE, and what the log rejects with. */
export async function reconcile(
  ch: ClickHouse,
  domains: readonly Domain[],
  o: ReconcileOptions,
): Promise<ReconcileReport> {
  if (!(o.from < o.to)) throw new ShadowerError('REQUEST_INVALID', 'the range is empty: --from must be before --to');
  const until = await completeUntil(ch);
  const floor = (ms: number): number => Math.floor(ms / 60_000) * GRAINS['1m'];
  const from = floor(o.from);
  const settledBefore = until === null ? 0 : floor(until * 1000);
  const settled: Settled = {
    from,
    to: Math.max(from, Math.min(Math.ceil(o.to / 60_000) * GRAINS['1m'], settledBefore)),
    settledBefore,
    now: Math.floor((o.now ?? Date.now()) / 1000),
  };
  const results = [
    await positionChecks(ch, domains, settled, o.log, o.transactional),
    ...(await countChecks(ch, domains, settled)),
    ...(o.deep ? [await recomputed(ch, domains, settled, o.cluster)] : []),
  ];
  return {
    from: settled.from * 1000,
    to: settled.to * 1000,
    completeUntil: until === null ? null : until * 1000,
    results,
  };
}

/** Recomputes the days of the range beside the rollups, and compares them row by row. */
async function recomputed(
  ch: ClickHouse,
  domains: readonly Domain[],
  s: Settled,
  cluster: string | undefined,
): Promise<CheckResult> {
  const result: CheckResult = { check: 'recomputed', compared: 0, differences: [], skipped: [] };
  if (s.from >= s.to) return result;
  const claim = await Claim.take(ch, 'check', `deep reconciliation, ${new Date(s.from * 1000).toISOString()}`);
  try {
    const scope = scopeOf(domains, { from: s.from * 1000, to: s.to * 1000 });
    await refuseIncomplete(ch, scope, s.settledBefore);
    const staging = new Staging(ch, new ClickHouseStore(ch, domains), scope, 'check', randomUUID(), {
      database: ch.database,
      ...(cluster !== undefined && { cluster }),
    });
    try {
      await staging.create();
      result.compared = await recompute(ch, scope, (block) => staging.insert(block));
      const grains = new Map(scope.tables.map((t) => [t.name, t.grain]));
      for (const d of await staging.compare(s.settledBefore))
        result.differences.push({
          check: 'recomputed',
          subject: d.table,
          workspace: d.workspace,
          from: d.t,
          to: d.t + GRAINS[grains.get(d.table)!],
          expected: d.missing + d.wrong,
          found: d.unexpected + d.wrong,
          detail: `${d.missing} rows missing, ${d.unexpected} too many, ${d.wrong} with other values; "shadower rebuild" mends it`,
        });
    } finally {
      await staging.drop().catch(() => undefined);
    }
  } catch (e) {
    if (!(e instanceof ShadowerError && e.code === 'RAW_INCOMPLETE')) throw e;
    result.skipped.push(e.message);
  } finally {
    await claim.release().catch(() => undefined);
  }
  return result;
}
