// @ts-check
/**
 * `npm run bench -- queries`: what panels and alert rules ask, of rollups and of raw events. The database is filled inside
 * ClickHouse: raw events over seven days with `numbers()`, then the rollups with the SELECTs that the pipeline bench holds equal to the
 * processor's. Each case runs the catalog's view at the grain that a reader would choose, over HTTP in format Native as the
 * datasource does; the same answer from raw is written as a user would write it, with ClickHouse's approximate quantile.
 */
import { processor } from '../test/support/stack.mjs';
import { COARSER, coarserSelect, finestSelect, workloadTables } from './contestants.mjs';
import { DATABASE, startEmbeddedEngine } from './engines.mjs';
import { machine } from './processes.mjs';
import { print, quantile, round, say, table } from './report.mjs';
import { untilSettled } from './verify.mjs';
import { WORKSPACE } from './workload.mjs';

const DAYS = 7;
const HOUR = 3600_000;
const THREADS = 2;
/** Events that one INSERT … SELECT makes rows of. */
const CHUNK = 1_000_000;
const INTEGRATIONS = 100;
const ENDPOINTS = 50;

const q = (/** @type {string} */ name) => `${DATABASE}.${name}`;
const sqlTime = (/** @type {number} */ ms) =>
  `toDateTime64('${new Date(ms).toISOString().slice(0, 23).replace('T', ' ')}', 3, 'UTC')`;
const within = (/** @type {number} */ from, /** @type {number} */ to) =>
  `r.t >= ${sqlTime(from)} AND r.t < ${sqlTime(to)}`;

/**
 * Raw events `first` to `first + count` of `total`: busier by day than by night, integrations of very different traffic,
 * log-normal response times by endpoint, 1.5 % failures and one integration that fails in the last hour.
 */
function rawSelect(
  /** @type {number} */ first,
  /** @type {number} */ count,
  /** @type {number} */ total,
  /** @type {number} */ from,
  /** @type {number} */ to,
) {
  const u = (/** @type {number} */ salt) => `(cityHash64(number, ${salt}) % 1000003 + 0.5) / 1000003`;
  const span = to - from;
  return `SELECT '${WORKSPACE}' AS workspace,
      fromUnixTimestamp64Milli(toInt64(${from} + ${span} * ((number + ${u(1)}) / ${total}) + 7200000 * sin(2 * pi() * number / ${total} * ${DAYS})), 'UTC') AS raw_t,
      toDateTime64(least(greatest(raw_t, ${sqlTime(from)}), ${sqlTime(to - 1)}), 3, 'UTC') AS t,
      lower(hex(cityHash64(number, 2))) || lower(hex(number)) AS event_id,
      concat('payments-', leftPad(toString(toUInt32(floor(${INTEGRATIONS} * pow(${u(3)}, 2)))), 3, '0')) AS integration,
      'integration' AS kind, concat('svc-', leftPad(toString(cityHash64(number, 4) % 20), 2, '0')) AS caller,
      toUInt32(floor(${ENDPOINTS} * pow(${u(5)}, 1.5))) AS e,
      concat('/v1/charges/', leftPad(toString(e), 3, '0')) AS endpoint, ['GET', 'POST', 'PUT', 'DELETE'][e % 4 + 1] AS method, 'client' AS vantage,
      ${u(6)} < if(integration = 'payments-007' AND t >= ${sqlTime(to - HOUR)}, 0.2, 0.015) AS broken,
      if(broken, 500, 200) AS status_code, if(broken, 'timeout', '') AS error_code,
      round(5 * exp(e / 15) * exp(0.6 * sqrt(-2 * log(${u(7)})) * cos(2 * pi() * ${u(8)})), 1) + 0.1 AS latency_ms,
      200 + cityHash64(number, 9) % 4096 AS bytes_in, 100 + cityHash64(number, 10) % 1024 AS bytes_out,
      lower(hex(cityHash64(number, 11))) || lower(hex(cityHash64(number, 12))) AS trace_id, 'bench' AS topic, number % 4 AS part, number AS off, now() AS written_at
    FROM numbers(${first}, ${count})`;
}

/** Fills the database; the newest event is from just before `to`. */
async function fill(
  /** @type {import('./engines.mjs').Engine} */ engine,
  /** @type {number} */ rows,
  /** @type {number} */ to,
) {
  const { raw, rollups } = workloadTables();
  const from = to - DAYS * 24 * HOUR;
  const columns = raw.columns.map((/** @type {any} */ c) => c.name);
  const select = rawSelect(0, 1, 1, from, to);
  const given = columns.filter((/** @type {string} */ c) => new RegExp(` AS ${c}\\b`).test(select)).join(', ');
  const settings = `SETTINGS max_threads = ${THREADS}, max_insert_threads = 1`;
  for (let n = 0; n < rows; n += CHUNK)
    await engine.rows(
      `INSERT INTO ${q(raw.name)} (${given}) SELECT ${given} FROM (${rawSelect(n, Math.min(CHUNK, rows - n), rows, from, to)}) ${settings}`,
    );
  const names = (/** @type {any} */ t) => t.columns.map((/** @type {any} */ c) => c.name).join(', ');
  const hours = Math.min(24, Math.max(1, Math.floor((DAYS * 24 * CHUNK) / rows)));
  const slices = (/** @type {number} */ length) => {
    const out = [];
    for (let at = Math.floor(from / length) * length; at < to; at += length) out.push([at, at + length]);
    return out;
  };
  for (const t of rollups.filter((r) => r.name.endsWith('_1m')))
    for (const [a, b] of slices(hours * HOUR))
      await engine.rows(
        `INSERT INTO ${q(t.name)} (${names(t)}) SELECT ${names(t)} FROM (${finestSelect(t.name.replace(/_1m$/, ''), q(raw.name), { where: within(a, b) })}) ${settings}`,
      );
  for (const [fine, coarse, window] of COARSER)
    for (const t of rollups.filter((r) => r.name.endsWith(`_${coarse}`)))
      for (const [a, b] of slices(coarse === '1h' ? hours * HOUR : 24 * HOUR))
        await engine.rows(
          `INSERT INTO ${q(t.name)} (${names(t)}) SELECT ${names(t)} FROM (${coarserSelect(t, q(t.name.replace(coarse, fine)), window, within(a, b))}) ${settings}`,
        );
}

const FAILED = `(r.error_code != '' OR ifNull(r.status_code, 0) >= 400)`;

/**
 * @typedef {object} Case
 * @property {string} name
 * @property {number} [aimMs] p95 that is aimed at
 * @property {string} query of the catalog
 * @property {Record<string, string[]>} [params]
 * @property {number} from
 * @property {number} [stepSeconds]
 * @property {boolean} [forAlert]
 * @property {string[]} columns
 * @property {string} [order] what a table is sorted and cut by
 * @property {string[]} keys columns that name a row of the answer
 * @property {(step: number, from: number, to: number, p95: string) => string} raw the same answer from raw events, rows of `keys`, `calls` and the rest
 */

/** @returns {Case[]} */
function cases(/** @type {number} */ to) {
  const { raw } = workloadTables();
  const from = (/** @type {number} */ a, /** @type {number} */ b, extra = '') =>
    `FROM ${q(raw.name)} AS r WHERE r.workspace = '${WORKSPACE}' AND ${within(a, b)}${extra}`;
  const bucket = (/** @type {number} */ step) =>
    `toDateTime64(intDiv(toUnixTimestamp(r.t), ${step}) * ${step}, 3, 'UTC') AS time`;
  const { domains } = processor('domains/index.js');
  const rule = domains
    .flatMap((/** @type {any} */ d) => d.alerts)
    .find((/** @type {any} */ a) => a.column === 'error_rate' && a.query === 'integration_window');
  const perStep = (/** @type {number} */ step, /** @type {number} */ a, /** @type {number} */ b) =>
    `SELECT ${bucket(step)}, r.integration AS integration, count() AS calls, count() / ${step} AS rate ${from(a, b)} GROUP BY time, integration ORDER BY time, integration`;
  return [
    {
      name: 'one integration, 24 h',
      aimMs: 150,
      query: 'integration_calls',
      params: { integration: ['payments-040'] },
      from: to - 24 * HOUR,
      columns: ['time', 'integration', 'calls', 'error_rate', 'p95_ms'],
      keys: ['time', 'integration'],
      raw: (step, a, b, p95) =>
        `SELECT ${bucket(step)}, r.integration AS integration, count() AS calls, countIf(${FAILED}) / count() AS error_rate, ${p95} AS p95_ms ${from(a, b, " AND r.integration = 'payments-040'")} GROUP BY time, integration ORDER BY time`,
    },
    {
      name: 'error-rate alert',
      aimMs: 100,
      query: rule.query,
      from: to - rule.windowSeconds * 1000,
      stepSeconds: rule.stepSeconds,
      forAlert: true,
      columns: ['integration', 'calls', 'error_rate'],
      keys: ['integration'],
      raw: (_step, a, b) =>
        `SELECT r.integration AS integration, count() AS calls, countIf(${FAILED}) / count() AS error_rate ${from(a, b)} GROUP BY integration ORDER BY integration`,
    },
    {
      name: 'p95 top 20 of all endpoints, 7 d',
      aimMs: 300,
      query: 'integration_endpoints',
      from: to - DAYS * 24 * HOUR,
      columns: ['integration', 'endpoint', 'method', 'calls', 'p95_ms'],
      order: 'p95_ms DESC',
      keys: ['integration', 'endpoint', 'method'],
      raw: (_step, a, b, p95) =>
        `SELECT r.integration AS integration, r.endpoint AS endpoint, r.method AS method, count() AS calls, ${p95} AS p95_ms ${from(a, b)} GROUP BY integration, endpoint, method`,
    },
    {
      name: 'throughput, 7 d by hour',
      aimMs: 40,
      query: 'integration_calls',
      from: to - DAYS * 24 * HOUR,
      stepSeconds: 3600,
      columns: ['time', 'integration', 'calls', 'rate'],
      keys: ['time', 'integration'],
      raw: perStep,
    },
    {
      name: 'throughput, 7 d in 500 points',
      query: 'integration_calls',
      from: to - DAYS * 24 * HOUR,
      columns: ['time', 'integration', 'calls', 'rate'],
      keys: ['time', 'integration'],
      raw: perStep,
    },
  ];
}

/** Fails unless both are the same answer: counts exactly, shares to rounding, quantiles within the histogram's 2 %. */
function compare(/** @type {Case} */ c, /** @type {any[]} */ ours, /** @type {any[]} */ raw) {
  const key = (/** @type {any} */ row) => c.keys.map((k) => row[k]).join('|');
  const other = new Map(raw.map((r) => [key(r), r]));
  if (ours.length !== raw.length || ours.length === 0)
    throw new Error(`${c.name}: ${ours.length} rows, from raw ${raw.length}`);
  for (const row of ours) {
    const r = other.get(key(row));
    if (r === undefined) throw new Error(`${c.name}: raw has no row ${key(row)}`);
    for (const column of c.columns.filter((n) => !c.keys.includes(n))) {
      const allowed = column.startsWith('p95') ? 0.0201 : column === 'calls' ? 0 : 1e-9;
      if (!(Math.abs(row[column] - r[column]) <= allowed * Math.abs(r[column])))
        throw new Error(`${c.name}, ${key(row)}: ${column} is ${row[column]}, from raw ${r[column]}`);
    }
  }
}

/** @param {{rows: number, runs: number}} o */
export async function queries({ rows, runs }) {
  const engine = await startEmbeddedEngine();
  const { ClickHouse } = processor('clickhouse/client.js');
  const { migrate } = processor('clickhouse/migrate.js');
  const { domains } = processor('domains/index.js');
  const { callOf } = processor('catalog/views.js');
  const { resolveGrain } = processor('query/grain.js');
  const ch = new ClickHouse({ url: engine.url, user: engine.user, password: engine.password, database: DATABASE });
  const { catalog } = await migrate(ch, domains);
  await ch.close();

  say(machine());
  const started = Date.now();
  const to = Math.floor(started / 60_000) * 60_000;
  await fill(engine, rows, to);
  await untilSettled(engine);
  say(
    `${rows.toLocaleString('en')} raw events over ${DAYS} days and their rollups, made in ${((Date.now() - started) / 1000).toFixed(0)} s`,
  );

  /** @type {Map<string, Map<string, number>>} */
  const oldest = new Map();
  for (const r of await engine.rows(
    `SELECT rollup, grain, toUnixTimestamp(oldest) * 1000 AS ms FROM ${q(catalog.system.coverage)}`,
  )) {
    if (!oldest.has(r.rollup)) oldest.set(r.rollup, new Map());
    oldest.get(r.rollup)?.set(r.grain, r.ms);
  }
  /** One run, milliseconds, over HTTP with the whole answer read. */
  const time = async (/** @type {string} */ sql) => {
    const begin = performance.now();
    const response = await fetch(`${engine.url}/?default_format=Native&max_threads=${THREADS}`, {
      method: 'POST',
      headers: { 'x-clickhouse-user': engine.user, 'x-clickhouse-key': engine.password },
      body: sql,
    });
    const body = await response.arrayBuffer();
    if (!response.ok) throw new Error(`${sql}\n${Buffer.from(body).toString()}`);
    return performance.now() - begin;
  };
  const warm = async (/** @type {string} */ sql, /** @type {number} */ n) => {
    for (let i = 0; i < 3; i++) await time(sql);
    const all = [];
    for (let i = 0; i < n; i++) all.push(await time(sql));
    return { p50_ms: round(quantile(all, 0.5), 1), p95_ms: round(quantile(all, 0.95), 1) };
  };

  const results = [];
  for (const c of cases(to)) {
    const query = catalog.queries.find((/** @type {any} */ x) => x.name === c.query);
    const [part] = query.parts;
    const r = resolveGrain({
      kind: query.kind,
      views: part.views,
      oldest: oldest.get(query.rollup) ?? new Map(),
      from: c.from,
      to,
      intervalMs: 0,
      maxDataPoints: 500,
      stepSeconds: c.stepSeconds ?? 0,
      forAlert: c.forAlert ?? false,
      completeUntil: to,
    });
    /** @type {Record<string, string>} */
    const values = { workspace: `'${WORKSPACE}'`, from: sqlTime(r.from), to: sqlTime(r.to), step: String(r.step) };
    const call = callOf(DATABASE, r.view.view, part.args).replace(
      /\{(\w+):[^}]*\}/g,
      (/** @type {string} */ _, /** @type {string} */ name) =>
        values[name] ?? `[${(c.params?.[name] ?? []).map((v) => `'${v}'`).join(', ')}]`,
    );
    const all = `SELECT ${c.columns.join(', ')} FROM ${call}`;
    const rawSql = c.raw(r.step, r.from, r.to, 'quantile(0.95)(r.latency_ms)');
    compare(
      c,
      await engine.rows(all),
      await engine.rows(c.raw(r.step, r.from, r.to, 'quantileExactWeighted(0.95)(r.latency_ms, 1)')),
    );
    const top = c.order === undefined ? ' LIMIT 50001' : ` ORDER BY ${c.order} LIMIT 20`;
    const ours = await warm(all + top, runs);
    const raw = await warm(rawSql + top, Math.min(runs, 20));
    results.push({
      name: c.name,
      view: r.view.view,
      step_s: r.step,
      ...ours,
      raw,
      ratio: round(raw.p50_ms / ours.p50_ms, 2),
      ...(c.aimMs === undefined ? {} : { aim_p95_ms: c.aimMs, within_aim: ours.p95_ms <= c.aimMs }),
    });
    say(`  ${c.name}: p50 ${ours.p50_ms} ms, raw ${raw.p50_ms} ms`);
  }
  const sizes = await engine.rows(
    `SELECT table, sum(rows) AS rows, round(sum(bytes_on_disk) / 1048576, 1) AS mb FROM system.parts WHERE active AND database = '${DATABASE}' GROUP BY table HAVING rows > 0 ORDER BY table`,
  );
  say();
  print(
    table(
      ['', 'view', 'p50 ms', 'p95 ms', 'aim p95', 'raw p50 ms', 'raw p95 ms', 'raw/rollup'],
      results.map((r) => [
        r.name,
        r.view,
        r.p50_ms.toFixed(1),
        r.p95_ms.toFixed(1),
        String(r.aim_p95_ms ?? ''),
        r.raw.p50_ms.toFixed(1),
        r.raw.p95_ms.toFixed(1),
        r.ratio.toFixed(1),
      ]),
    ),
  );
  say(
    `\nWarm, ${runs} runs each, max_threads = ${THREADS}. Each answer is the same as from raw, quantiles within 2 %.`,
  );
  return {
    cases: results,
    workload: { rows, days: DAYS, series: INTEGRATIONS * ENDPOINTS, threads: THREADS, runs },
    tables: sizes,
    machine: machine(),
  };
}
