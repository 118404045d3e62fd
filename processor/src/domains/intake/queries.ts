/** The definitions of every number about Shadower's own intake. */
import type { QueryDef } from '../define';

export const queries: QueryDef[] = [
  {
    name: 'intake_outcomes',
    kind: 'timeseries',
    title: 'Events by outcome',
    description: 'What became of every event and span: used, duplicate, dead letter or ignored, with the reason.',
    cache: 'systemMetrics',
    rollup: 'accounting',
    parts: {
      main: {
        columns: {
          time: { type: 'time', description: 'Start of the step' },
          outcome: { type: 'string', role: 'dimension', description: 'used, duplicate, dead_letter or ignored' },
          reason: { type: 'string', role: 'dimension', description: 'Event type, error code or reason for ignoring' },
          items: { type: 'number', role: 'measure', unit: 'short', description: 'Events or spans' },
        },
        sql: (s) => `
SELECT time, outcome, reason, n AS items FROM (
  SELECT ${s.bucket} AS time, outcome, reason, sum(items) AS n
  FROM ${s.table('accounting')} WHERE ${s.scope} GROUP BY time, outcome, reason)
ORDER BY time, outcome, reason`,
      },
    },
  },
  {
    name: 'intake_totals',
    kind: 'table',
    title: 'Intake by outcome',
    description: 'The same over the whole range, by topic.',
    cache: 'systemMetrics',
    rollup: 'accounting',
    parts: {
      main: {
        columns: {
          topic: { type: 'string', role: 'dimension', description: 'Topic' },
          outcome: { type: 'string', role: 'dimension', description: 'used, duplicate, dead_letter or ignored' },
          reason: { type: 'string', role: 'dimension', description: 'Event type, error code or reason for ignoring' },
          items: { type: 'number', role: 'measure', unit: 'short', description: 'Events or spans' },
        },
        sql: (s) => `
SELECT topic, outcome, reason, n AS items
FROM (SELECT topic, outcome, reason, sum(items) AS n FROM ${s.table('accounting')} WHERE ${s.scope} GROUP BY topic, outcome, reason)
ORDER BY topic, outcome, items DESC`,
      },
    },
  },
  {
    name: 'intake_refused',
    kind: 'timeseries',
    title: 'Dead letters over time',
    description:
      'Refused events per step and error code; a step without any has zero, so that an alert rule can resolve.',
    cache: 'systemMetrics',
    rollup: 'accounting',
    parts: {
      main: {
        columns: {
          time: { type: 'time', description: 'Start of the step' },
          code: { type: 'string', role: 'dimension', description: 'Stable error code' },
          items: { type: 'number', role: 'measure', unit: 'short', description: 'Events or spans' },
        },
        // Every code known in the workspace has a row in each step, zero where nothing was refused.
        sql: (s) => `
SELECT time, code, sum(n) AS items FROM (
  SELECT ${s.bucket} AS time, reason AS code, items AS n
  FROM ${s.table('accounting')} WHERE ${s.scope} AND outcome = 'dead_letter'
  UNION ALL
  SELECT arrayJoin(arrayMap(i -> toDateTime64((intDiv(toUnixTimestamp(${s.from}), {step:UInt32}) + i) * {step:UInt32}, 3, 'UTC'),
      range(toUInt32(least(10000, ceil(${s.seconds} / {step:UInt32})))))) AS time, code, 0 AS n
  FROM (SELECT DISTINCT reason AS code FROM ${s.table('accounting')} WHERE workspace = {workspace:String} AND outcome = 'dead_letter'))
GROUP BY time, code ORDER BY time, code`,
      },
    },
  },
  {
    name: 'intake_dead_letters',
    kind: 'table',
    title: 'Dead letters',
    description: 'Records and events that were refused in the range, the newest first, with what is wrong and where.',
    cache: 'systemMetrics',
    params: {
      code: { type: 'string[]', description: 'Error codes; none means all', values: 'intake_dead_letter_codes' },
    },
    parts: {
      main: {
        columns: {
          time: { type: 'time', description: 'When the record was appended to its topic' },
          code: { type: 'string', role: 'dimension', description: 'Stable error code' },
          reason: { type: 'string', description: 'What is wrong, and where' },
          topic: { type: 'string', role: 'dimension', description: 'Topic' },
          part: { type: 'number', unit: 'none', description: 'Partition' },
          off: { type: 'number', unit: 'none', description: 'Offset' },
          idx: { type: 'number', unit: 'none', description: 'Position inside the record' },
          payload_bytes: { type: 'number', role: 'measure', unit: 'bytes', description: 'Size of what was refused' },
          payload: { type: 'string', description: 'What was refused, cut at 64 KiB' },
        },
        sql: (s) => `
SELECT t AS time, code, reason, topic, part, off, idx, payload_bytes, payload FROM ${s.table('dead_letters')}
WHERE ${s.scope} AND ${s.filter('code')} ORDER BY time DESC, topic, part, off, idx`,
      },
    },
  },
  {
    name: 'intake_dead_letter_codes',
    kind: 'values',
    title: 'Codes of dead letters',
    description: 'Error codes of the dead letters in the range.',
    cache: 'systemMetrics',
    parts: {
      main: {
        columns: { value: { type: 'string', description: 'Error code' } },
        sql: (s) => `SELECT DISTINCT code AS value FROM ${s.table('dead_letters')} WHERE ${s.scope} ORDER BY value`,
      },
    },
  },
];
