// @ts-check
/**
 * What a user would write instead of the processor: ClickHouse's own Kafka engine with materialized views, into the same tables.
 * Written by hand, as a user would. It promises less: no deduplication by id, at-least-once towards every table, no dead
 * letters, no watermarks; the deduplication window of our DDL is left out for it.
 */
import { processor } from '../test/support/stack.mjs';
import { DATABASE } from './engines.mjs';
import { carriedFields, eventDef } from './workload.mjs';

/**
 * @typedef {object} Contestant
 * @property {string} name
 * @property {string} description
 * @property {string} format Kafka format of the queue table
 * @property {Record<string, number | string>} settings of the queue table, beyond broker, topic, group and format
 * @property {boolean} [wholeRows] the queue table has the event's columns; else one column `raw` with the JSON
 * @property {boolean} [onlyFinest] raw and the 1-minute rollup of the domain alone: no edges, no coarser grains
 * @property {boolean} [dictionaries] the JSON is extracted into LowCardinality where the raw table has it
 * @property {boolean} [twoLevelHistogram] counts per bucket first, then maps
 */

/** @type {Contestant} */
export const DEFAULT = {
  name: 'default',
  description: 'Kafka engine with JSONEachRow and its default settings, views into raw and all rollups',
  format: 'JSONEachRow',
  wholeRows: true,
  settings: {},
};
/** @type {Contestant} */
export const LEAN = {
  ...DEFAULT,
  name: 'lean',
  description: 'the same, but raw and the 1-minute rollup alone: no edges, no coarser grains',
  onlyFinest: true,
};

const consumers = (/** @type {number} */ n) => ({
  kafka_num_consumers: n,
  kafka_thread_per_consumer: 1,
  kafka_disable_num_consumers_limit: 1,
});
const blocks = (/** @type {number} */ n, /** @type {number} */ flushMs) => ({
  kafka_max_block_size: n,
  kafka_poll_max_batch_size: n,
  kafka_flush_interval_ms: flushMs,
});
const BLOB = 'RawBLOB and one JSONExtract of a tuple';
/** What was tried to make the engine faster; `--tune` runs them all. @type {Contestant[]} */
export const TUNINGS = [
  {
    name: 'blob-1',
    description: `${BLOB}, one consumer, large blocks`,
    format: 'RawBLOB',
    settings: blocks(250_000, 2000),
  },
  {
    name: 'blob-1-dictionaries',
    description: `${BLOB} with LowCardinality strings, one consumer, large blocks`,
    format: 'RawBLOB',
    dictionaries: true,
    settings: blocks(250_000, 2000),
  },
  {
    name: 'blob-1-huge',
    description: `${BLOB}, one consumer, huge blocks`,
    format: 'RawBLOB',
    settings: blocks(1_000_000, 7500),
  },
  {
    name: 'blob-1-two-level',
    description: `${BLOB}, one consumer, large blocks, histograms from counts per bucket`,
    format: 'RawBLOB',
    twoLevelHistogram: true,
    settings: blocks(250_000, 2000),
  },
  {
    name: 'blob-2',
    description: `${BLOB}, a consumer per core, large blocks`,
    format: 'RawBLOB',
    settings: { ...consumers(2), ...blocks(250_000, 2000) },
  },
  {
    name: 'blob-4',
    description: `${BLOB}, a consumer per partition, large blocks`,
    format: 'RawBLOB',
    settings: { ...consumers(4), ...blocks(250_000, 2000) },
  },
  {
    name: 'rows-1',
    description: 'JSONEachRow, one consumer, large blocks',
    format: 'JSONEachRow',
    wholeRows: true,
    settings: blocks(250_000, 2000),
  },
  {
    name: 'rows-4',
    description: 'JSONEachRow, a consumer per partition, large blocks',
    format: 'JSONEachRow',
    wholeRows: true,
    settings: { ...consumers(4), ...blocks(250_000, 2000) },
  },
];

/** The rollup whose rows are the groups. */
export const FINEST_ROLLUP = 'integration_calls_1m';

/** Tables of the workload: what the rounds compare. @returns {{raw: any, rollups: any[]}} */
export function workloadTables() {
  const { allTables, rawTableName } = processor('catalog/tables.js');
  const { domains } = processor('domains/index.js');
  const tables = allTables(domains);
  const raw = tables.find((/** @type {any} */ t) => t.name === rawTableName(eventDef().type));
  const rollups = tables.filter((/** @type {any} */ t) => /^(integration_calls|entity_edges)_1[mhd]$/.test(t.name));
  if (raw === undefined || rollups.length !== 6)
    throw new Error('the tables of the workload have other names now; mend bench/contestants.mjs');
  return { raw, rollups };
}

const q = (/** @type {string} */ name) => `${DATABASE}.${name}`;
const { GAMMA, ZERO_BUCKET } = processor('vocabulary/histogram.js');
const bucket = (/** @type {string} */ x) =>
  `toInt16(if(${x} > 0, ceil(log(${x}) * ${1 / Math.log(GAMMA)}), ${ZERO_BUCKET}))`;

const FAILED = `coalesce(r.failed, r.error_code != '' OR ifNull(r.status_code, 0) >= 400)`;
/** Measures of the finest rollups from rows `r` of the raw table, histograms apart. @type {Record<string, {keys: Record<string, string>, where: string, measures: Record<string, string>, histogram: string}>} */
const FINEST = {
  integration_calls: {
    keys: Object.fromEntries(
      ['integration', 'kind', 'provider', 'endpoint', 'method', 'vantage', 'agent'].map((d) => [d, `r.${d}`]),
    ),
    where: '',
    histogram: 'r.latency_ms',
    measures: {
      calls: 'count()',
      failures: `countIf(${FAILED})`,
      rate_limited: 'countIf(r.status_code = 429)',
      deprecated_calls: 'countIf(r.deprecated)',
      latency_sum: 'sum(r.latency_ms)',
      latency_count: 'count()',
      latency_max: 'max(toNullable(r.latency_ms))',
      bytes_in: 'sum(ifNull(r.bytes_in, 0))',
      bytes_out: 'sum(ifNull(r.bytes_out, 0))',
      cost: 'sum(ifNull(r.cost, 0))',
      quota_used:
        'max(if(r.rate_limit_limit > 0, least(1., greatest(0., 1 - r.rate_limit_remaining / r.rate_limit_limit)), NULL))',
      last_success: `max(if(${FAILED}, NULL, toUnixTimestamp64Milli(r.t) / 1000))`,
    },
  },
  entity_edges: {
    keys: {
      source_kind: `'service'`,
      source: 'r.caller',
      target_kind: 'r.kind',
      target: 'r.integration',
      relation: `'calls'`,
      origin: `'observed'`,
    },
    where: `r.vantage = 'client' AND r.caller != ''`,
    histogram: 'r.latency_ms',
    measures: {
      calls: 'count()',
      errors: `countIf(${FAILED})`,
      latency_sum: 'sum(r.latency_ms)',
      latency_count: 'count()',
      latency_max: 'max(toNullable(r.latency_ms))',
      bytes: 'sum(ifNull(r.bytes_in, 0) + ifNull(r.bytes_out, 0))',
      criticality: "CAST(NULL, 'Nullable(Float64)')",
    },
  },
};

/** How an aggregate of the inner level goes on at the outer one. */
const outer = (/** @type {string} */ name, /** @type {string} */ sql) =>
  sql.startsWith('CAST') ? sql : sql.startsWith('max') ? `max(i.${name})` : `sum(i.${name})`;

/** SELECT that makes rows of the finest grain of a rollup out of the raw table. */
export function finestSelect(
  /** @type {string} */ rollup,
  /** @type {string} */ rawTable,
  { twoLevelHistogram = false, writtenAt = 'max(r.written_at)', where = '' } = {},
) {
  const f = FINEST[rollup];
  const keys = { workspace: 'r.workspace', t: 'toStartOfMinute(r.t)', ...f.keys };
  const list = (/** @type {Record<string, string>} */ o) =>
    Object.entries(o)
      .map(([name, sql]) => `${sql} AS ${name}`)
      .join(', ');
  const names = Object.keys(keys).join(', ');
  const filter = [f.where, where].filter((w) => w !== '').join(' AND ');
  const from = `FROM ${rawTable} AS r${filter === '' ? '' : ` WHERE ${filter}`}`;
  if (!twoLevelHistogram)
    return `SELECT ${list(keys)}, ${list(f.measures)}, sumMap(map(${bucket(f.histogram)}, toUInt64(1))) AS latency_hist, ${writtenAt} AS written_at ${from} GROUP BY ${names}`;
  const inner = `SELECT ${list(keys)}, ${bucket(f.histogram)} AS b, count() AS n, ${list(f.measures)}, ${writtenAt} AS written_at ${from} GROUP BY ${names}, b`;
  const measures = Object.fromEntries(Object.entries(f.measures).map(([name, sql]) => [name, outer(name, sql)]));
  const groups = Object.keys(keys)
    .map((k) => `i.${k} AS ${k}`)
    .join(', ');
  return `SELECT ${groups}, ${list(measures)}, CAST((groupArray(i.b), groupArray(i.n)), 'Map(Int16, UInt64)') AS latency_hist, max(i.written_at) AS written_at FROM (${inner}) AS i GROUP BY ${names}`;
}

/** SELECT that merges a rollup's table into the next coarser grain. */
export function coarserSelect(
  /** @type {any} */ table,
  /** @type {string} */ from,
  /** @type {string} */ window,
  where = '',
) {
  const columns = table.columns.map((/** @type {any} */ c) =>
    c.aggregate !== undefined
      ? `${c.aggregate}(r.${c.name}) AS ${c.name}`
      : c.name === 't'
        ? `${window} AS t`
        : `r.${c.name} AS ${c.name}`,
  );
  const keys = table.columns
    .filter((/** @type {any} */ c) => c.aggregate === undefined)
    .map((/** @type {any} */ c) => c.name);
  return `SELECT ${columns.join(', ')} FROM ${from} AS r${where === '' ? '' : ` WHERE ${where}`} GROUP BY ${keys.join(', ')}`;
}

export const COARSER = [
  ['1m', '1h', `toStartOfHour(r.t)`],
  ['1h', '1d', `toDateTime(toStartOfDay(r.t), 'UTC')`],
];

/**
 * What a queue table has of an event: the fields that the workload's events carry and no others, since each costs the engine
 * something per message. No LowCardinality either: it would make a dictionary per message, at several times the cost.
 */
function queueColumns({ dictionaries = false } = {}) {
  const { fieldColumns } = processor('catalog/tables.js');
  const carried = carriedFields();
  return [
    { name: 'event_id', type: 'String' },
    { name: 'time', type: `DateTime64(3, 'UTC')` },
    { name: 'workspace', type: 'String' },
    ...fieldColumns(eventDef())
      .filter((/** @type {any} */ c) => carried.has(c.name))
      .map((/** @type {any} */ c) => ({
        name: c.name,
        type: dictionaries ? c.type : c.type.replace(/LowCardinality\((\w+)\)/, '$1'),
      })),
  ];
}

/**
 * Statements that set a contestant up, apart from the last one, which starts its consumption.
 * @param {Contestant} c
 * @param {{brokers: string[], topic: string, group: string}} source
 * @returns {string[]}
 */
export function setUp(c, source) {
  const { createTable } = processor('clickhouse/ddl.js');
  const { raw, rollups } = workloadTables();
  const wanted = c.onlyFinest ? rollups.filter((t) => t.name === FINEST_ROLLUP) : rollups;
  const statements = [raw, ...wanted].flatMap((t) =>
    createTable(t, { database: DATABASE }).map((/** @type {string} */ sql) =>
      sql.replace(/^SETTINGS .*deduplication_window.*$/m, ''),
    ),
  );
  for (const t of wanted.filter((t) => t.name.endsWith('_1m')))
    statements.push(
      `CREATE MATERIALIZED VIEW ${q(`to_${t.name}`)} TO ${q(t.name)} AS ${finestSelect(t.name.replace(/_1m$/, ''), q(raw.name), c)}`,
    );
  for (const [fine, coarse, window] of COARSER)
    for (const t of wanted.filter((t) => t.name.endsWith(`_${coarse}`)))
      statements.push(
        `CREATE MATERIALIZED VIEW ${q(`to_${t.name}`)} TO ${q(t.name)} AS ${coarserSelect(t, q(t.name.replace(coarse, fine)), window)}`,
      );
  const columns = c.wholeRows ? queueColumns().map((k) => `\`${k.name}\` ${k.type}`) : ['raw String'];
  const settings = {
    kafka_broker_list: `'${source.brokers.join(',')}'`,
    kafka_topic_list: `'${source.topic}'`,
    kafka_group_name: `'${source.group}'`,
    kafka_format: `'${c.format}'`,
    ...(c.wholeRows ? { date_time_input_format: `'best_effort'` } : {}),
    ...c.settings,
  };
  statements.push(
    `CREATE TABLE ${q('queue')} (${columns.join(', ')}) ENGINE = Kafka SETTINGS ${Object.entries(settings)
      .map(([k, v]) => `${k} = ${v}`)
      .join(', ')}`,
  );
  const names = queueColumns().map((k) => k.name);
  const tuple = queueColumns(c)
    .map((k) => `\`${k.name}\` ${k.name === 'time' ? 'String' : k.type}`)
    .join(', ');
  const field = (/** @type {string} */ name) => (c.wholeRows ? `\`${name}\`` : `e.${name}`);
  /** @type {Record<string, string>} */
  const special = {
    t: c.wholeRows ? 'time' : `parseDateTime64BestEffort(e.time, 3, 'UTC')`,
    // The declared defaults; a queue can have none.
    kind: `'integration'`,
    vantage: `'client'`,
    topic: '_topic',
    part: '_partition',
    off: '_offset',
    idx: '0',
    written_at: 'now()',
  };
  // A column that no event carries is left to its default.
  const select = raw.columns
    .filter((/** @type {any} */ k) => special[k.name] !== undefined || names.includes(k.name))
    .map((/** @type {any} */ k) => `${special[k.name] ?? field(k.name)} AS ${k.name}`);
  const from = c.wholeRows
    ? q('queue')
    : `(SELECT JSONExtract(raw, 'Tuple(${tuple.replace(/'/g, "\\'")})') AS e, _topic, _partition, _offset FROM ${q('queue')})`;
  statements.push(
    `CREATE MATERIALIZED VIEW ${q('from_queue')} TO ${q(raw.name)} AS SELECT ${select.join(', ')} FROM ${from}`,
  );
  return statements;
}
