/**
 * The vocabulary that belongs to no domain: edges between entities, and the aliases under which entities are known.
 * Both are rollups like any other, fed by what the domains declare in `edges` and `aliases`.
 */
import { DEFAULT_RETENTION, type Domain, type EdgeSource, type RollupDef } from '../domains/define';

/** What the edge rollup aggregates: one edge observation, flattened. */
export type EdgeRow = NonNullable<ReturnType<EdgeSource['edge']>>;
export interface AliasRow {
  kind: string;
  alias: string;
  entity: string;
}

export const entityEdges: Omit<RollupDef<EdgeRow>, 'event'> = {
  name: 'entity_edges',
  title: 'Edges between entities',
  dimensions: {
    source_kind: { value: (e) => e.source.kind, description: 'Kind of the source entity' },
    source: { value: (e) => e.source.id, description: 'Source entity' },
    target_kind: { value: (e) => e.target.kind, description: 'Kind of the target entity' },
    target: { value: (e) => e.target.id, description: 'Target entity, as its caller names it' },
    relation: { value: (e) => e.relation, description: 'What the edge means' },
    origin: { value: (e) => e.origin, description: 'observed in traffic, or declared' },
  },
  measures: {
    calls: { kind: 'sum', integer: true, value: (e) => e.calls, unit: 'short', description: 'Calls over the edge' },
    errors: { kind: 'sum', integer: true, value: (e) => e.errors, unit: 'short', description: 'Failed calls' },
    latency: {
      kind: 'histogram',
      value: (e) => e.latencyMs,
      unit: 'ms',
      description: 'Response time seen by the source',
    },
    bytes: {
      kind: 'sum',
      integer: true,
      value: (e) => e.bytes,
      unit: 'bytes',
      description: 'Bytes in both directions',
    },
    criticality: {
      kind: 'max',
      value: (e) => e.criticality,
      unit: 'none',
      description: 'Declared criticality, 1 to 5',
    },
  },
  retentionDays: DEFAULT_RETENTION,
};

export const entityAliases: Omit<RollupDef<AliasRow>, 'event'> = {
  name: 'entity_aliases',
  title: 'Other names of entities',
  dimensions: {
    kind: { value: (e) => e.kind, description: 'Kind of the entity' },
    alias: { value: (e) => e.alias, description: 'Name used by callers' },
    entity: { value: (e) => e.entity, description: 'The entity that answers to it' },
  },
  measures: { seen: { kind: 'count', value: () => 1, unit: 'short', description: 'Times seen' } },
  retentionDays: { '1m': 0, '1h': 0, '1d': 400 },
};

/** A rollup and how rows of it come out of events of one type. */
export interface RollupSource {
  rollup: Omit<RollupDef<never>, 'event'>;
  /** Event type → what makes rows that the rollup's dimensions and measures read; null is no row. */
  sources: ReadonlyMap<string, readonly ((event: never) => unknown)[]>;
}

type RowMaker = (event: never) => unknown;

/** One event may feed a rollup more than once: a message makes the edge into its queue and the edge out of it. */
function byEvent(sources: readonly { event: string; row: RowMaker }[]): Map<string, RowMaker[]> {
  const result = new Map<string, RowMaker[]>();
  for (const { event, row } of sources) result.set(event, [...(result.get(event) ?? []), row]);
  return result;
}

/** All rollups of `domains`, the shared ones included. */
export function allRollups(domains: readonly Domain[]): RollupSource[] {
  const own = domains.flatMap((d) =>
    d.rollups.map((r) => ({
      rollup: r,
      sources: byEvent([{ event: r.event, row: r.where ? (e) => (r.where!(e) ? e : null) : (e) => e }]),
    })),
  );
  const edges = byEvent(domains.flatMap((d) => (d.edges ?? []).map((s) => ({ event: s.event, row: s.edge }))));
  const aliases = byEvent(domains.flatMap((d) => (d.aliases ?? []).map((s) => ({ event: s.event, row: s.alias }))));
  return [
    ...own,
    { rollup: entityEdges as unknown as RollupSource['rollup'], sources: edges },
    { rollup: entityAliases as unknown as RollupSource['rollup'], sources: aliases },
  ];
}
