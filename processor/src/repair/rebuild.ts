/**
 * `shadower rebuild`: recomputes the rollups of whole days from the raw events and puts them in place of what is there.
 *
 * It must not run beside processors: what they write between the reading of raw and the replacement would be lost, and a
 * replaced partition no longer knows the deduplication tokens of a batch that is to be sent again. So it wants nobody in
 * the consumer group and no batch unfinished, says in the store that it runs (processors then refuse to start), and looks
 * again before every replacement.
 */
import { randomUUID } from 'node:crypto';
import type { ClickHouse } from '../clickhouse/client';
import { ClickHouseStore } from '../clickhouse/store';
import type { Domain } from '../domains/define';
import { ShadowerError } from '../errors';
import type { LogInspector, LogState } from '../pipeline/log-state';
import { Claim } from './claim';
import { refuseIncomplete } from './completeness';
import { recompute, type RecomputeOptions } from './recompute';
import { dayOf, scopeOf } from './scope';
import { Staging, type WindowDifference } from './staging';

export interface RebuildOptions extends RecomputeOptions {
  /** Milliseconds; widened to whole days in UTC. */
  from: number;
  to: number;
  domain?: string;
  /** Computes and compares, and replaces nothing. */
  dryRun?: boolean;
  cluster?: string;
  /** Told before each step; tests stop there. */
  step?: (what: 'create' | 'recompute' | 'compare' | 'replace' | 'drop', subject: string) => Promise<void> | void;
}

export interface RebuildReport {
  /** First day, and the day after the last; `2026-11-21`. */
  from: string;
  to: string;
  /** Raw events that were read. */
  events: number;
  /** Tables that were rebuilt, and partitions that were replaced (none in a dry run). */
  tables: number;
  partitions: number;
  /** What was not as the raw events say. */
  differences: WindowDifference[];
}

/** @throws ShadowerError LOG_BUSY when somebody consumes, or a batch is unfinished */
function refuseBusy(state: LogState): void {
  if (state.consumers.length > 0)
    throw new ShadowerError(
      'LOG_BUSY',
      `processors are running (${state.consumers.join(', ')}); stop all of them, rebuild, and start them again. What is sent meanwhile waits in the log.`,
    );
  const pending = state.partitions.filter((p) => p.pending !== undefined);
  if (pending.length > 0)
    throw new ShadowerError(
      'LOG_BUSY',
      `a processor ended in the middle of a batch of ${pending.map((p) => `${p.topic}[${p.partition}]`).join(', ')}; start a processor once so that it can finish, stop it in peace, and rebuild then`,
    );
}

const positionsOf = (state: LogState): string =>
  state.partitions
    .map((p) => `${p.topic}[${p.partition}]=${p.committed}`)
    .sort()
    .join(' ');

/**
 * Rejects with REQUEST_INVALID, RAW_INCOMPLETE, LOG_BUSY, STORE_MAINTENANCE (another rebuild), STORE_SCHEMA or
 * STORE_UNAVAILABLE. Until the first replacement nothing has changed; after an end in the middle, run it again.
 */
export async function rebuild(
  ch: ClickHouse,
  log: LogInspector,
  domains: readonly Domain[],
  o: RebuildOptions,
): Promise<RebuildReport> {
  const scope = scopeOf(domains, o, o.domain);
  const store = new ClickHouseStore(ch, domains);
  await store.checkSchema();
  const before = await log.state();
  refuseBusy(before);
  const days = { from: dayOf(scope.from), to: dayOf(scope.to) };
  const claim = await Claim.take(ch, 'rebuild', `${days.from} to ${days.to}`);
  const run = randomUUID();
  const staging = new Staging(ch, store, scope, 'rebuild', run, {
    database: ch.database,
    ...(o.cluster !== undefined && { cluster: o.cluster }),
  });
  const stillAlone = async (): Promise<void> => {
    await claim.assertHeld();
    const now = await log.state();
    refuseBusy(now);
    if (positionsOf(now) !== positionsOf(before))
      throw new ShadowerError(
        'LOG_BUSY',
        'a processor ran while raw was being read; stop all processors and rebuild again',
      );
  };
  try {
    await stillAlone();
    await refuseIncomplete(ch, scope);
    await o.step?.('create', '');
    await staging.create();
    if (!o.dryRun) await staging.keepTheRest();
    await o.step?.('recompute', '');
    const events = await recompute(ch, scope, (block) => staging.insert(block), o);
    await o.step?.('compare', '');
    const differences = await staging.compare();
    let partitions = 0;
    if (!o.dryRun) {
      for (const t of scope.tables) {
        for (const id of await staging.partitions(t)) {
          await stillAlone();
          await o.step?.('replace', `${t.name} ${id}`);
          await staging.replace(t, id);
          partitions++;
        }
      }
    }
    await o.step?.('drop', '');
    return { ...days, events, tables: scope.tables.length, partitions, differences };
  } finally {
    // What cannot be tidied up now is dropped by the next run, and the claim ends by itself.
    await staging.drop().catch(() => undefined);
    await claim.release().catch(() => undefined);
  }
}
