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
  /** Event type → row the rollup's dimensions and measures read, or null. */
  sources: ReadonlyMap<string, (event: never) => unknown>;
}

/** All rollups of `domains`, the shared ones included. */
export function allRollups(domains: readonly Domain[]): RollupSource[] {
  const own = domains.flatMap((d) =>
    d.rollups.map((r) => ({
      rollup: r,
      sources: new Map<string, (e: never) => unknown>([
        [r.event, r.where ? (e) => (r.where!(e) ? e : null) : (e) => e],
      ]),
    })),
  );
  const edges = new Map(domains.flatMap((d) => (d.edges ?? []).map((s) => [s.event, s.edge as (e: never) => unknown])));
  const aliases = new Map(
    domains.flatMap((d) => (d.aliases ?? []).map((s) => [s.event, s.alias as (e: never) => unknown])),
  );
  return [
    ...own,
    { rollup: entityEdges as unknown as RollupSource['rollup'], sources: edges },
    { rollup: entityAliases as unknown as RollupSource['rollup'], sources: aliases },
  ];
}
