/** Who depends on whom, seen and declared put together, as relations for the queries of this part. */
import type { SqlContext } from '../../define';

/** Days that a declaration holds. */
const DECLARED_DAYS = 90;
/** Steps that a failure is followed; a path that is longer is not looked for. */
export const MOST_HOPS = 16;

/** The source document's classes (§5): depended-by above these, then depends-on above that. */
export const CLASSES = { critical: 5, important: 2, highlyDependent: 5 } as const;

/**
 * One row per pair of entities: source_kind, source, target_kind, target (under its own name), seen (in the range), declared (in the
 * last 90 days), types (relations declared), criticality (NULL if none was declared), n_calls, n_errors (in the range). What an entity
 * says about itself is no dependency.
 */
export const pairs = (s: SqlContext): string => `(
  SELECT source_kind, source, target_kind, if(n.entity = '', e.target, n.entity) AS target, max(origin = 'observed') AS seen, max(origin = 'declared') AS declared,
    arraySort(groupUniqArrayIf(relation, origin = 'declared')) AS types, max(e.criticality) AS criticality, sum(e.calls) AS n_calls, sum(e.errors) AS n_errors
  FROM (
    SELECT * FROM ${s.table('entity_edges')} WHERE ${s.scope} AND origin = 'observed'
    UNION ALL
    SELECT * FROM ${s.table('entity_edges', '1d')} WHERE workspace = {workspace:String} AND t >= toStartOfDay(${s.to} - INTERVAL ${DECLARED_DAYS} DAY) AND t < ${s.to} AND origin = 'declared') AS e
  LEFT ANY JOIN ${s.names} AS n ON n.alias = e.target AND n.kind = e.target_kind
  GROUP BY source_kind, source, target_kind, target
  HAVING NOT (source_kind = target_kind AND source = target))`;

/** `kind:name`, as the graph has it. */
const id = (kind: string, name: string): string => `concat(${kind}, ':', ${name})`;

/**
 * Everything that stands or falls with something else: hit (`kind:name`), cause, hops (of the shortest way, 16 at most). In a cycle an
 * entity depends on itself. Computed level by level over distinct pairs, so that a cycle costs no more than a chain.
 */
export const reach = (s: SqlContext): string => `(
  WITH RECURSIVE
    edge AS (SELECT DISTINCT ${id('source_kind', 'source')} AS a, ${id('target_kind', 'target')} AS b FROM ${pairs(s)}),
    way AS (
      SELECT a, b, 1 AS d FROM edge
      UNION ALL
      SELECT DISTINCT edge.a, way.b, way.d + 1 FROM way JOIN edge ON edge.b = way.a WHERE way.d < ${MOST_HOPS})
  SELECT a AS hit, b AS cause, min(d) AS hops FROM way GROUP BY a, b)`;

/** Class by how many depend on it, and on how many it depends. */
const classification = `multiIf(depended_by > ${CLASSES.critical}, 'critical_dependency', depended_by > ${CLASSES.important}, 'important_dependency', depends_on > ${CLASSES.highlyDependent}, 'highly_dependent', 'normal')`;

/**
 * One row per entity with an edge: id, kind, entity, depends_on, depended_by, observed_by, declared_by (dependents that were seen, and that
 * declared it), criticality (the highest declared for it), types, class, blast_radius (dependents of any depth), farthest (hops), in_cycle.
 */
export const classes = (s: SqlContext): string => `(
  SELECT x.*, ${classification} AS class, ifNull(r.n_hit, 0) AS blast_radius, ifNull(r.most_hops, 0) AS farthest, ifNull(r.cyclic, 0) AS in_cycle
  FROM (
    SELECT ${id('kind', 'entity')} AS id, kind, entity, uniqExactIf(other, side = 'out') AS depends_on, uniqExactIf(other, side = 'in') AS depended_by,
      uniqExactIf(other, side = 'in' AND seen) AS observed_by, uniqExactIf(other, side = 'in' AND declared) AS declared_by,
      maxIf(criticality, side = 'in') AS most_critical, arraySort(groupUniqArrayArrayIf(types, side = 'in')) AS needed_for
    FROM (
      SELECT source_kind AS kind, source AS entity, ${id('target_kind', 'target')} AS other, 'out' AS side, seen, declared, criticality, types FROM ${pairs(s)}
      UNION ALL
      SELECT target_kind AS kind, target AS entity, ${id('source_kind', 'source')} AS other, 'in' AS side, seen, declared, criticality, types FROM ${pairs(s)})
    GROUP BY kind, entity) AS x
  LEFT JOIN (SELECT cause, countIf(hit != cause) AS n_hit, maxIf(hops, hit != cause) AS most_hops, max(hit = cause) AS cyclic FROM ${reach(s)} GROUP BY cause) AS r ON r.cause = x.id)`;
