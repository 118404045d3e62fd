/** What is known about the security of integrations, as relations for the queries of this part. */
import type { SqlContext } from '../../define';
import { SEVERITY_POINTS, authModel } from './models';

/** Days without any event after which nothing is known any more; days in which a credential was used and so counts. */
const FEED_DAYS = 30;
const CREDENTIAL_DAYS = 90;
const HISTORY_DAYS = 400;

const workspace = 'workspace = {workspace:String}';
const seconds = (t: string): string => `(toUnixTimestamp64Milli(CAST(${t}, 'DateTime64(3, \\'UTC\\')')) / 1000)`;
/** Seconds since the epoch → time. */
export const at = (x: string): string => `fromUnixTimestamp64Milli(toInt64(round(${x} * 1000)), 'UTC')`;
export const severityPoints = (column: string): string =>
  `transform(${column}, [${Object.keys(SEVERITY_POINTS)
    .map((k) => `'${k}'`)
    .join(', ')}], [${Object.values(SEVERITY_POINTS).join(', ')}], 0)`;

/** Rows of a rollup in the `days` before `end`: whole days, the hours of the last one, and the minutes of the last hour. */
const upTo = (s: SqlContext, rollup: string, end: string, days: number): string => `(
    SELECT * FROM ${s.table(rollup, '1d')} WHERE ${workspace} AND t >= toStartOfDay(${end} - INTERVAL ${days} DAY) AND t < toStartOfDay(${end}) AND ${s.filter('integration')}
    UNION ALL SELECT * FROM ${s.table(rollup, '1h')} WHERE ${workspace} AND t >= toStartOfDay(${end}) AND t < toStartOfHour(${end}) AND ${s.filter('integration')}
    UNION ALL SELECT * FROM ${s.table(rollup, '1m')} WHERE ${workspace} AND t >= toStartOfHour(${end}) AND t < ${end} AND ${s.filter('integration')})`;

/** Security events themselves, up to `end`, of some categories. */
export const rawEvents = (s: SqlContext, end: string, categories: readonly string[]): string =>
  `(SELECT * FROM ${s.table('integration.security_event', 'raw')} WHERE ${workspace} AND t < ${end} AND category IN (${categories.map((c) => `'${c}'`).join(', ')}) AND ${s.filter('integration')})`;

/**
 * Vulnerabilities and exposures with an id: integration, issue, category, severity, points, title, opened, resolved (NULL while open),
 * last_seen. An issue that is opened again after it was resolved is open since then.
 */
export const issues = (s: SqlContext, end = s.to): string => `(
  SELECT integration, issue, last_category AS category, last_severity AS severity, ${severityPoints('last_severity')} AS points, last_title AS title, opened, if(is_open, NULL, toNullable(last_resolved)) AS resolved, last_seen
  FROM (
    SELECT integration, issue, argMax(category, (t, off)) AS last_category, argMax(severity, (t, off)) AS last_severity, argMax(r.title, (t, off)) AS last_title, max(t) AS last_seen,
      argMax(state, (t, off)) = 'open' AS is_open, maxIf(t, state = 'resolved') AS last_resolved,
      if(is_open, minIf(t, state = 'open' AND (t > resolved_at OR resolved_at = toDateTime64(0, 3, 'UTC'))), min(t)) AS opened
    FROM (SELECT *, maxIf(t, state = 'resolved') OVER (PARTITION BY integration, issue) AS resolved_at FROM ${rawEvents(s, end, ['vulnerability', 'data_exposure'])} WHERE issue != '') AS r
    GROUP BY integration, issue))`;

/** Latest check of each control: integration, control, passed (NULL if the check does not say), severity, checked, title. */
export const controls = (s: SqlContext, end = s.to): string => `(
  SELECT integration, control, argMax(r.passed, (t, off)) AS holds, argMax(r.severity, (t, off)) AS last_severity, max(t) AS checked, argMax(r.title, (t, off)) AS last_title
  FROM ${rawEvents(s, end, ['compliance_check'])} AS r WHERE control != '' GROUP BY integration, control)`;

/**
 * The audit trail of the 30 days before `end`, as far as events show it: integration, entries, attributed (share that names an actor),
 * numbered (entries with a running number), lowest, highest, complete (share of the numbers between those that came), missing (the
 * larger gap of the two; NULL when neither is known).
 */
export const audit = (s: SqlContext, end = s.to): string => `(
  SELECT integration, entries, named / entries AS attributed, numbered, lowest, highest, if(numbered = 0, NULL, different / (highest - lowest + 1)) AS complete,
    toNullable(1 - least(attributed, ifNull(complete, 1))) AS missing
  FROM (
    SELECT integration, count() AS entries, countIf(actor != '') AS named, countIf(isNotNull(sequence)) AS numbered, min(sequence) AS lowest, max(sequence) AS highest, uniqExact(sequence) AS different
    FROM ${rawEvents(s, end, ['audit'])} WHERE t >= ${end} - INTERVAL ${FEED_DAYS} DAY GROUP BY integration))`;

/**
 * Credentials of each integration that ever worked, as they were at `end`: integration, credentials, without_mfa (how many are known to have no second
 * factor; NULL when it is known of none), rotation_days (of the one that was not renewed for longest; NULL when a renewal was
 * never seen and the credential has not been known for longer than the limit).
 */
const facts = (s: SqlContext, end: string): string => {
  const limit = authModel.terms.find((t) => t.name === 'rotation')!.good;
  return `(
  SELECT integration, count() AS credentials, if(countIf(isNotNull(mfa)) = 0, NULL, countIf(mfa = 0)) AS without_mfa,
    if(countIf(isNull(days)) > 0 AND ifNull(max(days), 0) <= ${limit}, NULL, max(days)) AS rotation_days
  FROM (
    SELECT integration, agent, credential, max(mfa_seen) AS on_at, max(no_mfa_seen) AS off_at, if(isNull(on_at) AND isNull(off_at), NULL, ifNull(on_at, 0) > ifNull(off_at, 0)) AS mfa,
      maxIf(last_success, action IN ('rotate', 'refresh')) AS renewed, ${seconds('min(t)')} AS known_since,
      multiIf(isNotNull(renewed), (${seconds(end)} - renewed) / 86400, ${seconds(end)} - known_since > ${limit * 86400}, (${seconds(end)} - known_since) / 86400, NULL) AS days
    FROM ${upTo(s, 'integration_auth', end, HISTORY_DAYS)}
    GROUP BY integration, agent, credential HAVING max(last_event) >= ${seconds(end)} - ${CREDENTIAL_DAYS * 86400} AND isNotNull(max(last_success)))
  GROUP BY integration)`;
};

/** Integrations of which a rollup has rows in the 30 days before `end`. */
const heard = (s: SqlContext, rollup: string, end: string): string =>
  `SELECT DISTINCT integration FROM ${s.table(rollup, '1h')} WHERE ${workspace} AND t >= ${end} - INTERVAL ${FEED_DAYS} DAY AND t < ${end} AND ${s.filter('integration')}`;

/** What the scopes of a scorecard differ in: their end, the length of a step, and the steps (one, or those of the trend). */
function frame(
  s: SqlContext,
  scope: string,
  time: string,
): { end: string; seconds: string; steps: string; stepEnd: string } {
  const end = scope === s.previousScope ? s.from : s.to;
  if (time === s.from) return { end, seconds: s.seconds, steps: `[${s.from}]`, stepEnd: end };
  const step = s.trendStep;
  const first = `intDiv(toUnixTimestamp(${s.from}), ${step})`;
  return {
    end,
    seconds: step,
    steps: `arrayFilter(x -> x < ${s.to}, arrayMap(i -> greatest(toDateTime64((${first} + i) * ${step}, 3, 'UTC'), ${s.from}), range(toUInt64(intDiv(${s.seconds}, ${step}) + 2))))`,
    stepEnd: `least(k.time + toIntervalSecond(${step}), ${s.to})`,
  };
}

/** A count as one of a day; what was counted in less than a day stays as it is. */
const aDay = (n: string, seconds: string): string => `${n} / greatest(1, ${seconds} / 86400)`;

/** Deductions of the score of authentication for what is known. */
const deductions = authModel.terms
  .filter((t) => t.name !== 'unreported')
  .map((t) => `if(coalesce(${t.value}, 0) > ${t.good}, ${t.weight}, 0)`)
  .join(' + ');

/**
 * One row per integration with authentication events in the last 30 days and `time`: what the score of authentication reads. Over a
 * trend there is a row for every step, since nothing failing is what is hoped for; credentials are as they are at the end.
 */
export function authentication(s: SqlContext, scope: string, time: string): string {
  const { end, seconds: length, steps } = frame(s, scope, time);
  return `(
  SELECT *, isNull(without_mfa) + isNull(rotation_days) AS unreported, ${deductions} AS lost
  FROM (
    SELECT k.time AS time, k.integration AS entity, 'integration' AS kind, f.credentials AS credentials, a.n_auth AS auth_events, a.n_failed AS n_failed, a.n_expired AS n_expired,
      toNullable(${aDay('a.n_failed', length)}) AS failed, toNullable(${aDay('a.n_expired', length)}) AS expired, a.n_scope AS scope_changes,
      f.without_mfa AS without_mfa, f.rotation_days AS rotation_days
    FROM (SELECT integration, arrayJoin(${steps}) AS time FROM (${heard(s, 'integration_auth', end)})) AS k
    LEFT JOIN (
      SELECT integration, ${time} AS time, sum(events) AS n_auth, sum(failures) AS n_failed, sum(expired) AS n_expired, sumIf(events, action = 'scope_change') AS n_scope
      FROM ${s.table('integration_auth')} WHERE ${scope} GROUP BY integration, time) AS a ON a.integration = k.integration AND a.time = k.time
    LEFT JOIN ${facts(s, end)} AS f ON f.integration = k.integration))`;
}

/**
 * One row per integration with authentication or security events in the last 30 days and `time`: what the score of security reads.
 * Vulnerabilities are as they were at the end of the step, credentials, controls and audit trail as at the end of the range. Without
 * security events in 30 days (has_feed) their absence says nothing, and their counts are NULL.
 */
export function posture(s: SqlContext, scope: string, time: string): string {
  const { end, seconds: length, steps, stepEnd } = frame(s, scope, time);
  return `(
  SELECT k.time AS time, k.integration AS entity, 'integration' AS kind, k.has_feed AS has_feed, k.has_auth AS has_auth, u.auth_events AS auth_events, u.n_failed AS n_failed, u.n_expired AS n_expired,
    if(k.has_auth, toNullable(u.lost), NULL) AS auth_lost, e.n_attempts AS n_attempts, e.n_threats AS n_threats,
    if(k.has_feed, toNullable(e.n_breaches), NULL) AS breaches, if(k.has_feed, toNullable(${aDay('e.n_attempts', length)}), NULL) AS attempts,
    if(k.has_feed, toNullable(${aDay('e.threat_points', length)}), NULL) AS threats, if(k.has_feed, toNullable(i.points_open), NULL) AS weakness, i.n_open AS open_issues,
    c.share_failed AS controls_failed, t.missing AS audit_missing
  FROM (
    SELECT integration, max(feed) AS has_feed, max(auth) AS has_auth, arrayJoin(${steps}) AS time FROM (
      SELECT integration, 0 AS feed, 1 AS auth FROM (${heard(s, 'integration_auth', end)})
      UNION ALL SELECT integration, 1 AS feed, 0 AS auth FROM (${heard(s, 'integration_security_events', end)}))
    GROUP BY integration) AS k
  LEFT JOIN ${authentication(s, scope, time)} AS u ON u.entity = k.integration AND u.time = k.time
  LEFT JOIN (
    SELECT integration, ${time} AS time, sumIf(events, category = 'unauthorized_access') AS n_attempts, sumIf(events, category IN ('threat', 'anomaly')) AS n_threats,
      sumIf(events * ${severityPoints('severity')}, category IN ('threat', 'anomaly')) AS threat_points, sum(r.breaches) AS n_breaches
    FROM ${s.table('integration_security_events')} AS r WHERE ${scope} GROUP BY integration, time) AS e ON e.integration = k.integration AND e.time = k.time
  LEFT JOIN (
    SELECT v.integration AS integration, k.time AS time, sum(v.points) AS points_open, count() AS n_open
    FROM ${issues(s, end)} AS v CROSS JOIN (SELECT arrayJoin(${steps}) AS time) AS k
    WHERE v.opened < ${stepEnd} AND (isNull(v.resolved) OR v.resolved >= ${stepEnd}) AND v.category = 'vulnerability'
    GROUP BY integration, time) AS i ON i.integration = k.integration AND i.time = k.time
  LEFT JOIN (SELECT integration, countIf(holds = 0) / nullIf(countIf(isNotNull(holds)), 0) AS share_failed FROM ${controls(s, end)} GROUP BY integration) AS c ON c.integration = k.integration
  LEFT JOIN ${audit(s, end)} AS t ON t.integration = k.integration)`;
}
