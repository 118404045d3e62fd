/** The definitions of every number about security. */
import type { Column, QueryDef } from '../../define';
import { findings, say } from '../../../vocabulary/findings';
import { scorecardParts, type Scorecard } from '../../../vocabulary/health';
import { about } from '../findings/about';
import { activityDeviation, ANOMALY, BASELINE_HOURS } from './anomalies';
import { CATEGORIES } from './events';
import { authModel, securityModel } from './models';
import { audit, authentication, controls, issues, posture, rawEvents } from './relation';

const securityParam = {
  integration: { type: 'string[]', description: 'Integrations; none means all', values: 'integration_security_names' },
} as const;

const time: Column = { type: 'time', description: 'Start of the step' };
const integration: Column = { type: 'string', role: 'dimension', description: 'Integration' };
const text = (description: string): Column => ({ type: 'string', description });
const when = (description: string): Column => ({ type: 'time', description });
const count = (description: string): Column => ({ type: 'number', role: 'measure', unit: 'short', description });
const share = (description: string): Column => ({ type: 'number', role: 'measure', unit: 'percentunit', description });

const authCard: Scorecard = {
  model: authModel,
  entity: 'Integration',
  input: (s, scope, at) => `SELECT * FROM ${authentication(s, scope, at)}`,
  observations: 'auth_events',
  failures: 'n_failed',
  columns: {
    auth_events: { ...count('Authentication events'), value: 'auth_events' },
    failed: { ...count('Failed attempts'), value: 'n_failed' },
    scope_changes: { ...count('Changes of permissions'), value: 'scope_changes' },
    credentials: { ...count('Credentials used in the last 90 days'), value: 'credentials' },
  },
};

const securityCard: Scorecard = {
  model: securityModel,
  entity: 'Integration',
  input: (s, scope, at) => `SELECT * FROM ${posture(s, scope, at)}`,
  observations: 'auth_events',
  failures: 'n_failed',
  columns: {
    risk: {
      type: 'number',
      role: 'measure',
      unit: 'none',
      description: 'Risk, 0 to 100: 100 less the score',
      value: '100 - score',
    },
    breaches: { ...count('Unauthorised access or exposure that was not stopped'), value: 'breaches' },
    attempts: { ...count('Unauthorised attempts'), value: 'n_attempts' },
    threats: { ...count('Threats and anomalies'), value: 'n_threats' },
    open_issues: { ...count('Open vulnerabilities'), value: 'if(has_feed, open_issues, NULL)' },
  },
};

const windowColumns = {
  failed_auth: count('Failed attempts to authenticate in the range'),
  expired: count('Of these, with an expired credential'),
  attempts: count('Unauthorised attempts in the range'),
  breaches: count('Unauthorised access or exposure in the range that was not stopped'),
  deviation: {
    type: 'number',
    role: 'measure',
    unit: 'none',
    description: `Failed and unauthorised attempts of the last whole hour beside the hours of the week before, in robust deviations; an anomaly from ${ANOMALY} on; unknown under ${BASELINE_HOURS} hours`,
  },
} as const satisfies Record<string, Column>;

export const queries: QueryDef[] = [
  {
    name: 'integration_security_names',
    kind: 'values',
    title: 'Integrations with security events',
    description: 'Integrations that had a security or an authentication event in the range.',
    cache: 'systemMetrics',
    rollup: 'integration_security_events',
    parts: {
      main: {
        columns: { value: { type: 'string', description: 'Integration' } },
        sql: (s) => `
SELECT DISTINCT name AS value FROM (
  SELECT integration AS name FROM ${s.table('integration_security_events')} WHERE ${s.scope}
  UNION ALL SELECT integration AS name FROM ${s.table('integration_auth')} WHERE ${s.scope})
ORDER BY value`,
      },
    },
  },
  {
    name: 'integration_security',
    kind: 'scorecard',
    title: 'Security',
    description:
      'Score of the security of each integration, 100 less its risk, with its terms, what to do about them, and the period before. What is not reported is unknown.',
    cache: 'systemMetrics',
    rollup: 'integration_security_events',
    params: securityParam,
    parts: scorecardParts(securityCard),
  },
  {
    name: 'integration_auth_health',
    kind: 'scorecard',
    title: 'Health of authentication',
    description:
      "The source document's score: 100 less 20 for more than 10 failed attempts a day, 15 for more than 5 with an expired credential, 25 without a second factor, 10 for a credential older than 90 days. What is not reported keeps it from being healthy.",
    cache: 'systemMetrics',
    rollup: 'integration_auth',
    params: securityParam,
    parts: scorecardParts(authCard),
  },
  {
    name: 'integration_security_activity',
    kind: 'timeseries',
    title: 'Security events over time',
    description: 'Security events of each integration by category, and failed attempts to authenticate, per step.',
    cache: 'systemMetrics',
    rollup: 'integration_security_events',
    params: securityParam,
    parts: {
      main: {
        columns: {
          time,
          integration,
          category: { type: 'string', role: 'dimension', description: 'Category, or failed_authentication' },
          events: count('Events'),
        },
        sql: (s) => `
SELECT time, integration, category, sum(n) AS events FROM (
  SELECT ${s.bucket} AS time, integration, category, r.events AS n FROM ${s.table('integration_security_events')} AS r WHERE ${s.scope} AND ${s.filter('integration')}
  UNION ALL
  SELECT ${s.bucket} AS time, integration, 'failed_authentication' AS category, failures AS n FROM ${s.table('integration_auth')} WHERE ${s.scope} AND failures > 0 AND ${s.filter('integration')})
GROUP BY time, integration, category ORDER BY time, integration, category`,
      },
    },
  },
  {
    name: 'integration_security_window',
    kind: 'timeseries',
    title: 'Security over the whole range',
    description:
      'One point per integration, at the last step, made of the whole range; zero where nothing happened. What alert rules compare.',
    cache: 'systemMetrics',
    rollup: 'integration_security_events',
    params: securityParam,
    parts: {
      main: {
        columns: { time, integration, ...windowColumns },
        sql: (s) => `
SELECT toDateTime64(toUnixTimestamp(${s.to}) - {step:UInt32}, 3, 'UTC') AS time, p.entity AS integration, if(p.has_auth, toNullable(p.n_failed), NULL) AS failed_auth,
  if(p.has_auth, toNullable(p.n_expired), NULL) AS expired, if(p.has_feed, toNullable(p.n_attempts), NULL) AS attempts, p.breaches AS breaches, d.deviation AS deviation
FROM ${posture(s, s.scope, s.from)} AS p
LEFT JOIN ${activityDeviation(s)} AS d ON d.integration = p.entity
ORDER BY integration`,
      },
    },
  },
  {
    name: 'integration_security_issues',
    kind: 'table',
    title: 'Vulnerabilities and exposures',
    description:
      'Issues with an id that were open at some time in the range, the worst first. The latest event of an id says its state.',
    cache: 'userAnalytics',
    params: securityParam,
    parts: {
      main: {
        columns: {
          integration,
          issue: { type: 'string', role: 'dimension', description: 'Id of the issue' },
          category: text('vulnerability or data_exposure'),
          severity: text('low, medium, high or critical'),
          points: count('Points that it has in the risk while it is open'),
          state: text('open or resolved'),
          title: text('What it is'),
          opened: when('Since when it is (or was) open'),
          resolved: when('When it was resolved'),
          age: { type: 'number', role: 'measure', unit: 's', description: 'How long it is or was open' },
        },
        sql: (s) => `
SELECT integration, issue, category, severity, points, if(isNull(resolved), 'open', 'resolved') AS state, title, opened, resolved,
  dateDiff('millisecond', opened, ifNull(resolved, ${s.to})) / 1000 AS age
FROM ${issues(s)} WHERE isNull(resolved) OR resolved >= ${s.from}
ORDER BY isNull(resolved) DESC, points DESC, opened, integration, issue`,
      },
    },
  },
  {
    name: 'integration_security_controls',
    kind: 'table',
    title: 'Compliance',
    description:
      'The latest check of each control. A control that nobody checks is not listed: this shows what events say, no more.',
    cache: 'userAnalytics',
    params: securityParam,
    parts: {
      main: {
        columns: {
          integration,
          control: { type: 'string', role: 'dimension', description: 'Control' },
          state: text('holds, fails, or unknown when the check does not say'),
          severity: text('Severity that the check gave'),
          title: text('What was found'),
          checked: when('Last check'),
          age: { type: 'number', role: 'measure', unit: 's', description: 'Time since then' },
        },
        sql: (s) => `
SELECT integration, control, multiIf(isNull(holds), 'unknown', holds, 'holds', 'fails') AS state, last_severity AS severity, last_title AS title, checked,
  dateDiff('millisecond', checked, ${s.to}) / 1000 AS age
FROM ${controls(s)} ORDER BY indexOf(['fails', 'unknown', 'holds'], state), integration, control`,
      },
    },
  },
  {
    name: 'integration_security_audit',
    kind: 'table',
    title: 'Audit trail',
    description:
      'What can be told from the audit entries of the last 30 days: whether each names who did it, and whether the running numbers have gaps. Entries after the last one that came, and trails without numbers, cannot be told to be missing.',
    cache: 'userAnalytics',
    params: securityParam,
    parts: {
      main: {
        columns: {
          integration,
          entries: count('Entries'),
          attributed: share('Share that names an actor'),
          numbered: count('Entries with a running number'),
          complete: share('Share of the numbers from the lowest to the highest that came; unknown without numbers'),
          lost: count('Numbers in between that did not come; unknown without numbers'),
          missing: share('The larger gap of the two, which the score takes'),
        },
        sql: (s) => `
SELECT integration, entries, attributed, numbered, complete, if(numbered = 0, NULL, round((highest - lowest + 1) * (1 - complete))) AS lost, missing
FROM ${audit(s)} ORDER BY missing DESC, integration`,
      },
    },
  },
  {
    name: 'integration_security_events',
    kind: 'table',
    title: 'Security events',
    description: 'The events of the range, the newest first.',
    cache: 'systemMetrics',
    params: {
      ...securityParam,
      category: {
        type: 'string[]',
        description: `Categories: ${CATEGORIES.join(', ')}; none means all but audit entries`,
      },
    },
    parts: {
      main: {
        columns: {
          time: when('When it happened'),
          integration,
          category: { type: 'string', role: 'dimension', description: 'What it is' },
          severity: text('low, medium, high or critical'),
          title: text('What happened'),
          blocked: text('yes, no, or unknown'),
          actor: text('Who did it'),
          source: text('Where it came from'),
          issue: text('Id of the issue'),
        },
        sql: (s) => `
SELECT t AS time, integration, category, severity, r.title AS title, multiIf(isNull(r.blocked), 'unknown', r.blocked, 'yes', 'no') AS blocked, actor, source, issue
FROM ${rawEvents(s, s.to, CATEGORIES)} AS r WHERE t >= ${s.from} AND (has({category:Array(String)}, category) OR (empty({category:Array(String)}) AND category != 'audit'))
ORDER BY time DESC, off DESC`,
      },
    },
  },
  {
    name: 'integration_security_mitigations',
    kind: 'table',
    title: 'What to do',
    description:
      'Every term of the two scores that loses points, with what to do about it. The points are what the integration gets back when it is mended.',
    cache: 'systemMetrics',
    rollup: 'integration_security_events',
    params: securityParam,
    parts: {
      main: {
        columns: {
          integration,
          score: { type: 'string', role: 'dimension', description: 'security or authentication' },
          problem: { type: 'string', role: 'dimension', description: 'Term that loses points' },
          priority: text('high, medium or low'),
          points: { type: 'number', role: 'measure', unit: 'none', description: 'Points to win back' },
          value: { type: 'number', role: 'measure', unit: 'none', description: 'Measured' },
          target: { type: 'number', role: 'measure', unit: 'none', description: 'Value up to which nothing is lost' },
          action: text('What to do'),
          effort: text('How much work it is, as a rule: low, medium or high'),
          risk: text('What may follow otherwise'),
          since: when('Since when points are lost, as far as the range shows it'),
        },
        sql: (s) => `
SELECT entity AS integration, score, title AS problem, priority, points_lost AS points, value, target, mitigation AS action, effort, risk, since FROM (
  SELECT 'security' AS score, * FROM ${s.query('integration_security', 'terms')} WHERE term != 'authentication'
  UNION ALL
  SELECT 'authentication' AS score, * FROM ${s.query('integration_auth_health', 'terms')})
WHERE points_lost > 0
ORDER BY indexOf(['high', 'medium', 'low'], ifNull(priority, '')), points DESC, integration, problem`,
      },
    },
  },
  findings({
    ...about,
    name: 'integration_security_findings',
    title: 'Findings about security',
    description:
      'Breaches, open vulnerabilities of high severity, controls that fail, attempts far above the usual, and gaps in the audit trail.',
    rollup: 'integration_security_events',
    selects: (s) => [
      `SELECT t AS time, NULL AS ended, integration, 'breach' AS kind, 'critical' AS severity,
    concat(if(category = 'data_exposure', 'Data exposed', 'Unauthorised access was not refused'), if(r.title = '', '', concat(': ', r.title))) AS title,
    concat('Actor ', if(actor = '', 'unknown', actor), ', source ', if(source = '', 'unknown', source), if(isNull(records), '', concat(', ', toString(assumeNotNull(records)), ' records'))) AS evidence,
    'Revoke the credential, find out what was read or changed since, and tell whoever must be told.' AS action, 1 AS value, 0 AS expected, 'short' AS unit
  FROM ${rawEvents(s, s.to, ['unauthorized_access', 'data_exposure'])} AS r
  WHERE t >= ${s.from} AND ((category = 'unauthorized_access' AND r.blocked = 0) OR (category = 'data_exposure' AND state = 'open' AND ifNull(r.blocked, 0) = 0))`,
      `SELECT opened AS time, resolved AS ended, integration, 'vulnerability' AS kind, if(v.severity = 'critical', 'critical', 'warning') AS severity,
    concat('Vulnerability ', issue, if(title = '', '', concat(': ', title))) AS title, concat('Severity ', v.severity, if(isNull(resolved), concat(', open for ', ${say.duration(`dateDiff('second', opened, ${s.to})`)}), ', resolved')) AS evidence,
    'Update or replace what is vulnerable.' AS action, points AS value, 0 AS expected, 'short' AS unit
  FROM ${issues(s)} AS v WHERE v.category = 'vulnerability' AND v.severity IN ('high', 'critical') AND (isNull(resolved) OR resolved >= ${s.from})`,
      `SELECT checked AS time, NULL AS ended, integration, 'control_failed' AS kind, 'warning' AS severity, concat('Control fails: ', control) AS title,
    concat('Checked ', formatDateTime(checked, '%F %T'), ' UTC', if(last_title = '', '', concat(': ', last_title))) AS evidence, 'Mend what the check names and have it checked again.' AS action,
    0 AS value, 1 AS expected, 'short' AS unit
  FROM ${controls(s)} WHERE holds = 0`,
      `SELECT hour AS time, NULL AS ended, integration, 'attempts_anomaly' AS kind, 'warning' AS severity, 'Far more failed or unauthorised attempts than usual' AS title,
    concat(${say.count('last_hour')}, ' in the last whole hour; median of the ', toString(hours), ' hours before ', ${say.number('usual', 1)}) AS evidence,
    'See which credential and source they came from, and block it.' AS action, last_hour AS value, usual AS expected, 'short' AS unit
  FROM ${activityDeviation(s)} WHERE deviation > ${ANOMALY}`,
      `SELECT ${s.from} AS time, NULL AS ended, integration, 'audit_gap' AS kind, 'info' AS severity, 'The audit trail has gaps' AS title,
    concat('Numbers that came: ', ${say.percent('complete')}, '; entries that name an actor: ', ${say.percent('attributed')}) AS evidence,
    'Find where entries are lost, and have every entry name its actor.' AS action, missing AS value, 0 AS expected, 'percentunit' AS unit
  FROM ${audit(s)} WHERE missing > 0`,
    ],
  }),
];
