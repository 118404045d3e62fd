/** The definitions of every number about dependencies; the graph itself is drawn from the calls. */
import type { Column, QueryDef } from '../../define';
import { findings } from '../../../vocabulary/findings';
import { about } from '../findings/about';
import { CLASSES, MOST_HOPS, classes, pairs, reach } from './relation';

const entityParam = {
  entity: { type: 'string[]', description: 'Names of integrations or services; none means all' },
} as const;
const text = (description: string): Column => ({ type: 'string', description });
const dimension = (description: string): Column => ({ type: 'string', role: 'dimension', description });
const count = (description: string): Column => ({ type: 'number', role: 'measure', unit: 'short', description });

/** What is seen, what is only said, and what is both. */
const origin = `multiIf(seen AND declared, 'observed and declared', seen, 'observed', 'declared')`;
const criticality: Column = {
  type: 'number',
  role: 'measure',
  unit: 'none',
  description: 'Highest criticality declared, 1 to 5; unknown if none was',
};

export const queries: QueryDef[] = [
  {
    name: 'integration_dependency_names',
    kind: 'values',
    title: 'Integrations and services with dependencies',
    description: 'Everything that calls or is called in the range, or was declared to in the last 90 days.',
    cache: 'userAnalytics',
    rollup: 'entity_edges',
    parts: {
      main: {
        columns: { value: text('Integration or service') },
        sql: (s) => `SELECT DISTINCT arrayJoin([source, target]) AS value FROM ${pairs(s)} ORDER BY value`,
      },
    },
  },
  {
    name: 'integration_dependency_classes',
    kind: 'table',
    title: 'Classes of dependencies',
    description: `How many depend on each entity, directly and at any depth, and its class: critical from more than ${CLASSES.critical} direct dependents, important from more than ${CLASSES.important}, highly dependent from more than ${CLASSES.highlyDependent} that it depends on. Seen in the range or declared in the last 90 days.`,
    cache: 'userAnalytics',
    rollup: 'entity_edges',
    params: entityParam,
    parts: {
      main: {
        columns: {
          entity: dimension('Integration or service'),
          kind: dimension('What it is'),
          classification: text('critical_dependency, important_dependency, highly_dependent or normal'),
          depended_by: count('Entities that depend on it directly'),
          blast_radius: count(`Entities that depend on it at any depth (up to ${MOST_HOPS} steps)`),
          farthest: count('Steps to the farthest of them'),
          depends_on: count('Entities that it depends on directly'),
          total: count('Direct dependencies in both directions'),
          observed_by: count('Of those that depend on it: seen to call it in the range'),
          declared_by: count('Of those that depend on it: declared'),
          criticality,
          dependency_types: text('Natures of the dependency, as declared'),
          in_cycle: { type: 'boolean', description: 'Whether it depends on itself through others' },
        },
        sql: (s) => `
SELECT entity, kind, class AS classification, depended_by, blast_radius, farthest, depends_on, depends_on + depended_by AS total, observed_by, declared_by,
  most_critical AS criticality, arrayStringConcat(needed_for, ', ') AS dependency_types, CAST(in_cycle AS Bool) AS in_cycle
FROM ${classes(s)} WHERE ${s.filter('entity')}
ORDER BY blast_radius DESC, depended_by DESC, depends_on DESC, entity, kind`,
      },
    },
  },
  {
    name: 'integration_blast_radius',
    kind: 'table',
    title: 'Blast radius',
    description: `Who is hit when an entity fails: everything that depends on it, the nearest first, with the next step of a shortest way towards it. Up to ${MOST_HOPS} steps.`,
    cache: 'userAnalytics',
    rollup: 'entity_edges',
    params: entityParam,
    parts: {
      main: {
        columns: {
          entity: dimension('What fails'),
          dependent: dimension('Who is hit'),
          hops: count('Steps of the shortest way'),
          via: text('What the dependent itself needs on a shortest way'),
          origin: text('How that need is known: observed, declared, or both'),
          criticality,
          calls: count('Calls of the dependent to that in the range'),
        },
        sql: (s) => `
SELECT c.entity AS entity, substring(r.hit, position(r.hit, ':') + 1) AS dependent, r.hops AS hops, argMin(p.target, (p.target_kind, p.target)) AS via, argMin(p.how, (p.target_kind, p.target)) AS origin,
  argMin(p.criticality, (p.target_kind, p.target)) AS criticality, argMin(p.n_calls, (p.target_kind, p.target)) AS calls
FROM (SELECT * FROM ${reach(s)} WHERE hit != cause) AS r
INNER JOIN (SELECT id, entity FROM ${classes(s)} WHERE ${s.filter('entity')}) AS c ON c.id = r.cause
INNER JOIN (SELECT *, concat(source_kind, ':', source) AS from_id, concat(target_kind, ':', target) AS to_id, ${origin} AS how FROM ${pairs(s)}) AS p ON p.from_id = r.hit
LEFT JOIN (SELECT * FROM ${reach(s)}) AS n ON n.hit = p.to_id AND n.cause = r.cause
WHERE if(r.hops = 1, p.to_id = r.cause, n.hops = r.hops - 1)
GROUP BY entity, r.hit, r.cause, r.hops
ORDER BY entity, hops, calls DESC, dependent`,
      },
    },
  },
  {
    name: 'integration_dependency_edges',
    kind: 'table',
    title: 'Declared and observed',
    description:
      'Every dependency with how it is known. What is observed and not declared is missing in the plan of who is told; what is declared and not observed is not used in the range, or not instrumented.',
    cache: 'userAnalytics',
    rollup: 'entity_edges',
    params: entityParam,
    parts: {
      main: {
        columns: {
          source: dimension('Who depends'),
          source_kind: dimension('What the source is'),
          target: dimension('On whom'),
          target_kind: dimension('What the target is'),
          origin: text('observed, declared, or observed and declared'),
          dependency_types: text('Natures of the dependency, as declared'),
          criticality,
          calls: count('Calls in the range'),
          error_rate: {
            type: 'number',
            role: 'measure',
            unit: 'percentunit',
            description: 'Share of them that failed; unknown without calls',
          },
        },
        sql: (s) => `
SELECT source, source_kind, target, target_kind, ${origin} AS origin, arrayStringConcat(types, ', ') AS dependency_types, q.criticality AS criticality, n_calls AS calls, n_errors / nullIf(n_calls, 0) AS error_rate
FROM ${pairs(s)} AS q WHERE ${s.filter('entity', 'source')} OR ${s.filter('entity', 'target')}
ORDER BY indexOf(['observed', 'declared', 'observed and declared'], origin), q.criticality DESC NULLS LAST, calls DESC, source, target`,
      },
    },
  },
  findings({
    ...about,
    name: 'integration_dependencies_findings',
    title: 'Findings about dependencies',
    description: 'Cycles, and integrations on which much depends without anybody having declared it.',
    rollup: 'integration_calls',
    selects: (s) => [
      `SELECT ${s.from} AS time, NULL AS ended, entity AS integration, 'dependency_cycle' AS kind, 'warning' AS severity, 'Depends on itself through others' AS title,
    concat('A failure of it comes back to it; ', toString(blast_radius), ' others depend on it') AS evidence, 'Find the call that closes the circle and make it asynchronous, or drop it.' AS action,
    blast_radius AS value, 0 AS expected, 'short' AS unit FROM ${classes(s)} WHERE in_cycle AND ${s.filter('integration', 'entity')}`,
      `SELECT ${s.from} AS time, NULL AS ended, entity AS integration, 'undeclared_critical' AS kind, 'info' AS severity, 'Much depends on it, and nobody declared it' AS title,
    concat(toString(depended_by), ' depend on it directly, ', toString(blast_radius), ' at any depth; declared by none') AS evidence,
    'Declare the dependency with its criticality, so that it is known before it fails.' AS action, depended_by AS value, ${CLASSES.critical} AS expected, 'short' AS unit
  FROM ${classes(s)} WHERE class = 'critical_dependency' AND declared_by = 0 AND ${s.filter('integration', 'entity')}`,
    ],
  }),
];
