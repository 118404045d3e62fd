/** What a rebuild or a check by recomputation covers: which days, which rollups, and from which raw events they come. */
import { rollupTables, type TableDef } from '../catalog/tables';
import { GRAINS, type Domain, type EventDef, type Grain } from '../domains/define';
import { ShadowerError } from '../errors';
import { WindowPlans } from '../pipeline/window';
import { allRollups } from '../vocabulary/edges';

export const DAY = GRAINS['1d'];
/** End of the last day that begins before DateTime ends (2106), seconds. */
const END_OF_TIME = (Math.floor(0xffff_ffff / DAY) + 1) * DAY;

export type RollupTable = TableDef & { grain: Grain };

export interface Scope {
  /** Whole days in UTC, seconds since the epoch: a window of any grain lies in it whole or not at all. */
  from: number;
  to: number;
  /** Events whose raw rows are read. */
  events: readonly EventDef[];
  /** Every table of the rollups that these events feed. */
  tables: readonly RollupTable[];
  plans: WindowPlans;
}

/**
 * The scope of [from, to), milliseconds, widened to whole days, since a window that is only partly covered cannot be
 * computed. With a domain: its rollups, and the shared ones (edges, aliases) that it feeds, for which the other domains'
 * events are read too.
 * @throws ShadowerError REQUEST_INVALID for an empty range or an unknown domain; RAW_INCOMPLETE where an event type's raw
 *   table is switched off
 */
export function scopeOf(domains: readonly Domain[], range: { from: number; to: number }, domainName?: string): Scope {
  if (!(range.from < range.to))
    throw new ShadowerError('REQUEST_INVALID', 'the range is empty: --from must be before --to');
  const from = Math.max(0, Math.floor(range.from / 1000 / DAY) * DAY);
  const to = Math.min(END_OF_TIME, Math.ceil(range.to / 1000 / DAY) * DAY);
  if (from >= to)
    throw new ShadowerError('REQUEST_INVALID', 'the range lies outside 1970 to 2106, where windows can begin');
  const chosen = domains.find((d) => d.name === domainName);
  if (domainName !== undefined && chosen === undefined)
    throw new ShadowerError(
      'REQUEST_INVALID',
      `no domain ${domainName}; there are ${domains.map((d) => d.name).join(', ')}`,
    );
  const own = chosen === undefined ? domains : domains.map((d) => (d === chosen ? d : { ...d, rollups: [] }));
  const wanted = new Set((chosen === undefined ? domains : [chosen]).flatMap((d) => d.events.map((e) => e.type)));
  const sources = allRollups(own).filter((s) => [...s.sources.keys()].some((type) => wanted.has(type)));
  const types = new Set(sources.flatMap((s) => [...s.sources.keys()]));
  const events = domains.flatMap((d) => d.events).filter((e) => types.has(e.type));
  const off = events.filter((e) => e.rawRetentionDays === 0).map((e) => e.type);
  if (off.length > 0)
    throw new ShadowerError(
      'RAW_INCOMPLETE',
      `raw events of ${off.join(', ')} are not kept (rawRetentionDays 0), so the rollups they feed cannot be recomputed`,
    );
  return {
    from,
    to,
    events,
    tables: sources.flatMap((s) => rollupTables(s.rollup)),
    // A shared rollup that the domain does not feed gets no rows: none of its events is read.
    plans: new WindowPlans(own),
  };
}

/** `2026-11-21`, of a time in seconds. */
export const dayOf = (seconds: number): string => new Date(seconds * 1000).toISOString().slice(0, 10);

/** Condition for rows of a rollup table whose window begins in [from, to), seconds. `to` may lie just beyond DateTime. */
export const windowsIn = (from: number, to: number, column = 't'): string =>
  `${column} >= toDateTime(${from}, 'UTC') AND ${column} <= toDateTime(${to - 1 > 0xffff_ffff ? 0xffff_ffff : to - 1}, 'UTC')`;
