/** The relations that queries about health are made of. */
import type { SqlContext } from '../../define';

/** Rows of a rollup in `scope`, under the integration's own `name`; callers and probes may know a service by another. */
export const renamed = (s: SqlContext, rollup: string, scope: string, grain?: '1m' | '1h' | '1d'): string => `(
    SELECT c.*, if(n.entity = '', c.integration, n.entity) AS name
    FROM (SELECT * FROM ${s.table(rollup, grain)} WHERE ${scope}) AS c
    LEFT ANY JOIN ${s.names} AS n ON n.alias = c.integration AND n.kind = c.kind)`;

/** How far back credentials and certificates are looked for: what told about them last may be older than the range. */
const CREDENTIAL_DAYS = 90;
const CERTIFICATE_DAYS = 2;

const back = (s: SqlContext, days: number): string =>
  `workspace = {workspace:String} AND t >= ${s.to} - INTERVAL ${days} DAY AND t < ${s.to}`;

/**
 * Credentials and certificates with the times they end, one row each: `entity`, `what` (token, certificate), `credential`,
 * `renewable` (0 or 1), `seen` [(hour in which it was first told, end in seconds since the epoch)], `last_seen` (seconds).
 * From the hourly rollups, whatever the grain: so in a range that ends within an hour, that hour counts as a whole.
 * A revoked credential is gone until it is heard of again.
 */
export const credentials = (s: SqlContext): string => `(
    SELECT name AS entity, what, credential, max(renews) AS renewable, groupArray((since, ends)) AS seen, max(told) AS last_seen
    FROM (
      SELECT name, 'token' AS what, if(credential = '', concat(auth_type, ' ', agent), credential) AS credential, toUInt8(max(coalesce(renewable, 0))) AS renews,
        assumeNotNull(expires_at) AS ends, min(t) AS since, max(last_event) AS told
      FROM (
        SELECT *, maxIf(t, action = 'revoke' AND failures < events) OVER (PARTITION BY name, credential) AS revoked
        FROM ${renamed(s, 'integration_auth', back(s, CREDENTIAL_DAYS), '1h')})
      WHERE isNotNull(expires_at) AND t > revoked
      GROUP BY name, credential, ends
      UNION ALL
      SELECT name, 'certificate' AS what, target AS credential, toUInt8(0) AS renews, assumeNotNull(tls_expires_at) AS ends, min(t) AS since, max(last_check) AS told
      FROM ${renamed(s, 'integration_checks', back(s, CERTIFICATE_DAYS), '1h')}
      WHERE isNotNull(tls_expires_at)
      GROUP BY name, credential, ends)
    WHERE ${s.filter('integration', 'name')}
    GROUP BY name, what, credential)`;

/**
 * End of a credential as known at `asOf`: the latest that had been told by then; 0 when nothing had.
 * @param seen the column of `credentials`
 */
export const endsAsOf = (seen: string, asOf: string): string =>
  `arrayMax(arrayConcat([0.], arrayMap(x -> if(x.1 < ${asOf}, x.2, 0.), ${seen})))`;

/**
 * Days from `asOf` until it ends; NULL when no end is known, or when it is renewed without people and has not ended: then
 * its end is nothing to act on.
 */
export const daysLeft = (ends: string, renewable: string, asOf: string): string =>
  `if(${ends} = 0 OR (${renewable} AND ${ends} > toUnixTimestamp64Milli(${asOf}) / 1000), NULL, (${ends} - toUnixTimestamp64Milli(${asOf}) / 1000) / 86400)`;
