/** What checks, credentials and silence show to be wrong. */
import type { QueryDef, SqlContext } from '../../define';
import { findings, runs, say } from '../../../vocabulary/findings';
import { about } from '../findings/about';
import { ends } from './queries';
import { renamed } from './relation';

/** The limits. Days are those at which the health model's terms begin and end to lose points. */
export const LIMITS = {
  /** Share of checks of a step that failed, and how many checks say anything. */
  unavailable: { share: 0.5, checks: 2 },
  /** Share of attempts to authenticate, and the seed's number of failures. */
  auth: { share: 0.25, failures: 10 },
  days: { token: { warning: 14, critical: 1 }, certificate: { warning: 21, critical: 3 } },
  /** Calls of the period before from which silence is no chance: e^-10 by a Poisson process of that rate. */
  silent: 10,
} as const;

const unavailable = (s: SqlContext): string => `
SELECT time, ended, integration, 'unavailable' AS kind, 'critical' AS severity, concat(integration, ' fails its health checks') AS title,
  concat(toString(failed), ' of ', toString(all_checks), ' checks failed over ', toString(steps), ' steps') AS evidence,
  'Look at the status page of the provider, then at name resolution, certificate and network on the way there.' AS action,
  failed / all_checks AS value, ${LIMITS.unavailable.share} AS expected, 'percentunit' AS unit
FROM ${runs(
  `(SELECT toDateTime64(intDiv(toUnixTimestamp(t), ${s.trendStep}) * ${s.trendStep}, 3, 'UTC') AS time, name AS integration, sum(checks) AS n, sum(failures) AS n_failed
    FROM ${renamed(s, 'integration_checks', s.scope)} WHERE ${s.filter('integration', 'name')} GROUP BY time, name)`,
  ['integration'],
  `n_failed >= ${LIMITS.unavailable.share} * n`,
  { failed: 'sum(n_failed)', all_checks: 'sum(n)' },
)} WHERE all_checks >= ${LIMITS.unavailable.checks}`;

const auth = (s: SqlContext): string => `
SELECT min(a.t) AS time, NULL AS ended, name AS integration, 'auth_failing' AS kind, if(n_failed = n, 'critical', 'warning') AS severity,
  concat(name, ' refuses credentials') AS title,
  concat(toString(n_failed), ' of ', toString(n), ' attempts failed, ', toString(sum(a.expired)), ' of them with an expired credential') AS evidence,
  'Check the secret, its scopes and the clock, then rotate the credential.' AS action,
  n_failed / n AS value, ${LIMITS.auth.share} AS expected, 'percentunit' AS unit, sum(a.failures) AS n_failed, sum(a.events) AS n
FROM ${renamed(s, 'integration_auth', s.scope)} AS a WHERE a.action IN ('authenticate', 'refresh') AND ${s.filter('integration', 'name')}
GROUP BY name HAVING n_failed > ${LIMITS.auth.failures} OR (n_failed >= 3 AND n_failed > ${LIMITS.auth.share} * n)`;

const { token, certificate } = LIMITS.days;
const expiring = (s: SqlContext): string => `
SELECT ${s.to} AS time, NULL AS ended, integration, concat(what, '_expiry') AS kind,
  if(days_left < if(what = 'token', ${token.critical}, ${certificate.critical}), 'critical', 'warning') AS severity,
  concat(if(what = 'token', 'Credential ', 'Certificate '), credential, ' of ', integration, if(days_left < 0, concat(' ended ', ${say.duration('-86400 * days_left')}, ' ago'), concat(' ends in ', ${say.duration('86400 * days_left')}))) AS title,
  concat('ends at ', toString(fromUnixTimestamp(toInt64(ends_at), 'UTC')), ' UTC', if(renewable, '; it should have been renewed without people', '')) AS evidence,
  if(what = 'token', 'Rotate the credential, and have it renewed by a job from then on.', 'Have the certificate renewed; tell the provider where it is theirs.') AS action,
  days_left AS value, if(what = 'token', ${token.warning}, ${certificate.warning}) AS expected, 'd' AS unit
FROM ${ends(s)} WHERE days_left < if(what = 'token', ${token.warning}, ${certificate.warning})`;

/** Silent for the whole range though it had calls in the period before: unknown, and not at all "no errors". */
const silent = (s: SqlContext): string => `
SELECT fromUnixTimestamp64Milli(toInt64(1000 * toUnixTimestamp(max(c.t))), 'UTC') AS time, NULL AS ended, name AS integration, 'silent' AS kind, 'warning' AS severity,
  concat('No calls to ', name, ' any more') AS title,
  concat('none in the range; ', toString(before), ' in the period of equal length before') AS evidence,
  'Check whether its callers run, whether they still report, and whether a change removed the calls on purpose.' AS action,
  0 AS value, sum(c.calls) AS before, before AS expected, 'short' AS unit
FROM ${renamed(s, 'integration_calls', s.previousScope)} AS c
WHERE ${s.filter('integration', 'name')} AND name NOT IN (SELECT name FROM ${renamed(s, 'integration_calls', s.scope)})
GROUP BY name HAVING before >= ${LIMITS.silent}`;

export const findingQueries: QueryDef[] = [
  findings({
    ...about,
    name: 'integration_health_findings',
    title: 'Findings about health',
    description:
      'Failing health checks, refused credentials, credentials and certificates that end soon, and integrations that fell silent.',
    rollup: 'integration_calls',
    selects: (s) => [unavailable(s), auth(s), expiring(s), silent(s)],
  }),
];
