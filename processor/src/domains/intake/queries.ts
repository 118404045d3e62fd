/** The definitions of every number about Shadower's own intake. */
import type { QueryDef, SqlContext } from '../define';

/** Rows of the workspace, and those that concern all. */
const scopeAndAll = (s: SqlContext): string =>
  `workspace IN ({workspace:String}, '') AND t >= ${s.from} AND t < ${s.to}`;

/** What dead letters can be chosen by. */
const letterParams: NonNullable<QueryDef['params']> = {
  code: { type: 'string[]', description: 'Error codes; none means all', values: 'intake_dead_letter_codes' },
  topic: { type: 'string[]', description: 'Topics' },
  partition: { type: 'string[]', description: 'Partitions' },
  offset_from: { type: 'string[]', description: 'Smallest offset' },
  offset_to: { type: 'string[]', description: 'Largest offset' },
  type: { type: 'string[]', description: 'Event types, as the payload or the topic names them' },
  contains: { type: 'string[]', description: 'Texts of which one is in the payload or the reason, in whatever case' },
};
const letterFilter = (s: SqlContext): string =>
  [
    s.filter('code'),
    s.filter('topic'),
    s.filter('partition', 'toString(part)'),
    '(empty({offset_from:Array(String)}) OR off >= toInt64OrZero({offset_from:Array(String)}[1]))',
    '(empty({offset_to:Array(String)}) OR off <= toInt64OrZero({offset_to:Array(String)}[1]))',
    "(empty({type:Array(String)}) OR has({type:Array(String)}, JSONExtractString(payload, 'type')) OR arrayExists(x -> endsWith(topic, concat('.', x)), {type:Array(String)}))",
    '(empty({contains:Array(String)}) OR arrayExists(x -> positionCaseInsensitive(payload, x) > 0 OR positionCaseInsensitive(reason, x) > 0, {contains:Array(String)}))',
  ].join(' AND ');
const letterColumns = {
  time: { type: 'time', description: 'When the record was appended to its topic' },
  code: { type: 'string', role: 'dimension', description: 'Stable error code' },
  reason: { type: 'string', description: 'What is wrong, and where' },
  topic: { type: 'string', role: 'dimension', description: 'Topic' },
  part: { type: 'number', unit: 'none', description: 'Partition' },
  off: { type: 'number', unit: 'none', description: 'Offset' },
  idx: { type: 'number', unit: 'none', description: 'Position inside the record' },
  payload_bytes: { type: 'number', role: 'measure', unit: 'bytes', description: 'Size of what was refused' },
} as const;

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
    params: {
      code: { type: 'string[]', description: 'Error codes; none means all', values: 'intake_dead_letter_codes' },
    },
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
  FROM ${s.table('accounting')} WHERE ${s.scope} AND outcome = 'dead_letter' AND ${s.filter('code', 'reason')}
  UNION ALL
  SELECT arrayJoin(arrayMap(i -> toDateTime64((intDiv(toUnixTimestamp(${s.from}), {step:UInt32}) + i) * {step:UInt32}, 3, 'UTC'),
      range(toUInt32(least(10000, ceil(${s.seconds} / {step:UInt32})))))) AS time, code, 0 AS n
  FROM (SELECT DISTINCT reason AS code FROM ${s.table('accounting')} WHERE workspace = {workspace:String} AND outcome = 'dead_letter' AND ${s.filter('code', 'reason')}))
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
    params: letterParams,
    parts: {
      main: {
        columns: {
          ...letterColumns,
          payload: { type: 'string', description: 'What was refused, cut at 64 KiB' },
        },
        sql: (s) => `
SELECT t AS time, code, reason, topic, part, off, idx, payload_bytes, payload FROM ${s.table('dead_letters')}
WHERE ${s.scope} AND ${letterFilter(s)} ORDER BY time DESC, topic, part, off, idx`,
      },
    },
  },
  {
    name: 'intake_dead_letter_payloads',
    kind: 'table',
    title: 'Payloads of dead letters',
    description:
      'The same letters byte by byte, in the order of their places in the log, so that they can be read a page at a time and sent in again.',
    cache: 'systemMetrics',
    params: {
      ...letterParams,
      after: {
        type: 'string[]',
        description: 'Place behind which to go on: topic, partition, offset, position inside the record',
      },
    },
    parts: {
      main: {
        columns: {
          ...letterColumns,
          payload_base64: { type: 'string', description: 'What was refused, in base64, cut at 64 KiB before' },
        },
        sql: (s) => `
SELECT t AS time, code, reason, topic, part, off, idx, payload_bytes, base64Encode(payload) AS payload_base64 FROM ${s.table('dead_letters')}
WHERE ${s.scope} AND ${letterFilter(s)}
  AND (empty({after:Array(String)}) OR (topic, part, off, idx) > ({after:Array(String)}[1], toUInt32OrZero({after:Array(String)}[2]), toInt64OrZero({after:Array(String)}[3]), toUInt32OrZero({after:Array(String)}[4])))
ORDER BY topic, part, off, idx`,
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
  {
    name: 'intake_freshness',
    kind: 'timeseries',
    title: 'Freshness and lag',
    description:
      'How far behind each partition was when a minute had become its newest complete one: the time since which data may be missing, records waiting in the log, and how long ClickHouse took nothing.',
    cache: 'systemMetrics',
    rollup: 'freshness',
    parts: {
      main: {
        columns: {
          time: { type: 'time', description: 'Start of the step' },
          topic: { type: 'string', role: 'dimension', description: 'Topic' },
          partition: { type: 'string', role: 'dimension', description: 'Partition' },
          behind_seconds: { type: 'number', role: 'measure', unit: 's', description: 'Now less complete until' },
          lag: { type: 'number', role: 'measure', unit: 'short', description: 'Records not yet counted' },
          paused_seconds: {
            type: 'number',
            role: 'measure',
            unit: 's',
            description: 'How long ClickHouse had taken nothing although there was something to write',
          },
        },
        sql: (s) => `
SELECT time, topic, partition, behind AS behind_seconds, waiting AS lag, paused AS paused_seconds FROM (
  SELECT ${s.bucket} AS time, topic, toString(part) AS partition, max(behind_seconds) AS behind, max(lag) AS waiting, max(paused_seconds) AS paused
  FROM ${s.table('freshness')} WHERE ${scopeAndAll(s)} GROUP BY time, topic, partition)
ORDER BY time, topic, partition`,
      },
    },
  },
  {
    name: 'intake_late',
    kind: 'timeseries',
    title: 'Late events',
    description:
      'Events that came a minute or more after the minute they belong to was over. They are counted; the windows they fall into change after they were shown.',
    cache: 'systemMetrics',
    rollup: 'late',
    parts: {
      main: {
        columns: {
          time: { type: 'time', description: 'Start of the step, by time of processing' },
          type: { type: 'string', role: 'dimension', description: 'Event type' },
          events: { type: 'number', role: 'measure', unit: 'short', description: 'Late events' },
          windows: { type: 'number', role: 'measure', unit: 'short', description: 'Minutes that they corrected' },
        },
        // Of overlapping checks each minute has one row after merging, and the largest before.
        sql: (s) => `
SELECT time, type, sum(n) AS events, sum(w) AS windows FROM (
  SELECT ${s.bucket} AS time, type, t, max(events) AS n, max(windows) AS w
  FROM ${s.table('late')} WHERE ${s.scope} GROUP BY time, type, t)
GROUP BY time, type ORDER BY time, type`,
      },
    },
  },
  {
    name: 'intake_reconciliation',
    kind: 'timeseries',
    title: 'Reconciliation',
    description:
      'Differences that the scheduled check found between the log, raw, the accounting and the rollups; 0 where it looked and found none.',
    cache: 'systemMetrics',
    rollup: 'reconciliation',
    parts: {
      main: {
        columns: {
          time: { type: 'time', description: 'Start of the step that the last judged minute lies in' },
          check: { type: 'string', role: 'dimension', description: 'What was compared' },
          differences: { type: 'number', role: 'measure', unit: 'short', description: 'Differences' },
        },
        sql: (s) => `
SELECT time, check, max(n) AS differences FROM (
  SELECT ${s.bucket} AS time, t, check, sum(d) AS n FROM (
    SELECT t, check, workspace, subject, max(differences) AS d FROM ${s.table('reconciliation')} WHERE ${scopeAndAll(s)} GROUP BY t, check, workspace, subject)
  GROUP BY time, t, check)
GROUP BY time, check ORDER BY time, check`,
      },
    },
  },
  {
    name: 'intake_differences',
    kind: 'table',
    title: 'Differences found',
    description: 'What the scheduled reconciliation found to differ, the newest first.',
    cache: 'systemMetrics',
    rollup: 'reconciliation',
    parts: {
      main: {
        columns: {
          time: { type: 'time', description: 'Last minute that was judged' },
          check: { type: 'string', role: 'dimension', description: 'What was compared' },
          subject: { type: 'string', role: 'dimension', description: 'Table, topic or partition' },
          differences: { type: 'number', role: 'measure', unit: 'short', description: 'Differences' },
          detail: { type: 'string', description: 'The first of them: where, how many there should be and are' },
        },
        sql: (s) => `
SELECT toDateTime64(t, 3, 'UTC') AS time, check, subject, max(d) AS differences, max(words) AS detail FROM (
  SELECT t, check, subject, differences AS d, detail AS words FROM ${s.table('reconciliation')} WHERE ${scopeAndAll(s)} AND differences > 0)
GROUP BY t, check, subject ORDER BY time DESC, check, subject`,
      },
    },
  },
];
