/**
 * Health of an integration: terms, weights, statuses. One place; the scorecard, the graph, the overview and the alert
 * rules all read the views made of it.
 *
 * The source document asks for a 0–100 score with healthy/degraded/critical/offline and gives no formula; its success
 * metrics (99.5 % availability, 200 ms response time) are the points at which a term begins to lose.
 */
import type { HealthModel } from '../../define';

/** The calls behind a term, over time; likewise checks and authentication. */
const seenIn = { query: 'integration_calls', filter: 'integration' } as const;
const checked = { query: 'integration_checks', filter: 'integration' } as const;
const expiring = { query: 'integration_expiries', column: 'days_left', filter: 'integration' } as const;

export const health: HealthModel = {
  terms: [
    {
      name: 'failures',
      title: 'Failed calls (failed checks where there were no calls)',
      weight: 32,
      value: 'if(observations = 0, NULL, failed_observations / observations)',
      unit: 'percentunit',
      good: 0.005,
      bad: 0.1,
      // A quarter of the calls failing is an outage for somebody, however fast the rest is.
      gate: { above: 0.25, cap: 40 },
      required: true,
      risk: 'Callers see errors, or retry and add to the load.',
      remedy: {
        action:
          'Find the endpoints that fail, compare with the last deployment on either side, and roll back or switch over.',
        effort: 'medium',
      },
      evidence: { ...seenIn, column: 'error_rate' },
    },
    {
      name: 'latency_p95',
      title: 'Response time, p95 (of checks where there were no calls)',
      weight: 22,
      value: 'observed_p95_ms',
      unit: 'ms',
      good: 200,
      bad: 2000,
      required: true,
      risk: 'Callers wait, run into their timeouts and hold connections meanwhile.',
      remedy: {
        action:
          'Find the endpoints that are slow and whether traffic grew with them; then scale, cache, or shorten the timeouts of callers.',
        effort: 'high',
      },
      evidence: { ...seenIn, column: 'p95_ms' },
    },
    {
      name: 'quota',
      title: 'Quota used',
      weight: 8,
      value: 'quota_used',
      unit: 'percentunit',
      good: 0.8,
      bad: 1,
      // Many integrations have no quota; that it is not reported says nothing about their health.
      required: false,
      risk: 'Calls are refused once the quota is used up.',
      remedy: { action: 'Spread or batch the calls, or have the quota raised.', effort: 'medium' },
      evidence: { ...seenIn, column: 'rate_limited' },
    },
    {
      name: 'deprecated',
      title: 'Calls to deprecated endpoints',
      weight: 3,
      value: 'if(calls = 0, NULL, deprecated_calls / calls)',
      unit: 'percentunit',
      good: 0,
      bad: 0.2,
      required: false,
      risk: 'Calls fail on the day these endpoints are switched off.',
      remedy: { action: 'Move the calls to the endpoints that replace them.', effort: 'medium' },
      evidence: { query: 'integration_endpoints', column: 'calls', filter: 'integration' },
    },
    {
      name: 'unavailable',
      title: 'Failed health checks',
      weight: 12,
      value: 'if(checks = 0, NULL, check_failures / checks)',
      unit: 'percentunit',
      good: 0.005,
      bad: 0.1,
      // Checks come at regular times: half of them failing is being away half of the time.
      gate: { above: 0.5, cap: 30 },
      required: false,
      risk: 'The integration is away for everybody, also for those that do not call it now.',
      remedy: {
        action:
          "Look at the provider's status page, then at name resolution, certificate and network on the way there.",
        effort: 'low',
      },
      evidence: { ...checked, column: 'availability' },
    },
    {
      name: 'consecutive_failures',
      title: 'Failures since the last success',
      weight: 8,
      value: 'consecutive_failures',
      unit: 'short',
      good: 2,
      bad: 20,
      required: false,
      risk: 'It is not a matter of single calls any more: nothing gets through.',
      remedy: { action: 'Open the circuit breaker or switch over; call again once a check succeeds.', effort: 'low' },
      evidence: { ...seenIn, column: 'failures' },
    },
    {
      name: 'instability',
      title: 'Reconnections per check',
      weight: 4,
      value: 'if(checks = 0, NULL, reconnections / checks)',
      unit: 'short',
      good: 0.05,
      bad: 1,
      required: false,
      risk: 'Requests in flight are lost each time, and each new connection costs time.',
      remedy: { action: 'Compare idle timeouts on both sides and on what lies between them.', effort: 'medium' },
      evidence: { ...checked, column: 'reconnections' },
    },
    {
      name: 'auth_failures',
      title: 'Failed authentication',
      weight: 5,
      value: 'if(auth_events = 0, NULL, auth_failures / auth_events)',
      unit: 'percentunit',
      good: 0.02,
      bad: 0.25,
      required: false,
      risk: 'Calls are refused as soon as the present token ends.',
      remedy: { action: 'Check the secret, its scopes and the clock; rotate the credential.', effort: 'low' },
      evidence: { query: 'integration_authentication', column: 'failures', filter: 'integration' },
    },
    {
      name: 'token_expiry',
      title: 'Days until a credential ends that nobody renews',
      weight: 3,
      value: 'token_days',
      unit: 'd',
      good: 14,
      bad: 1,
      required: false,
      risk: 'All calls are refused from that day on.',
      remedy: { action: 'Rotate the credential, and have it renewed by a job from then on.', effort: 'low' },
      evidence: expiring,
    },
    {
      name: 'tls_expiry',
      title: 'Days until the certificate ends',
      weight: 3,
      value: 'tls_days',
      unit: 'd',
      good: 21,
      bad: 3,
      required: false,
      risk: 'No connection can be made from that day on.',
      remedy: { action: 'Have the certificate renewed; tell the provider where it is theirs.', effort: 'low' },
      evidence: expiring,
    },
  ],
  statuses: { healthy: 80, degraded: 50 },
  offline: '(calls >= 5 AND failures = calls) OR (calls = 0 AND checks >= 3 AND check_failures = checks)',
};
