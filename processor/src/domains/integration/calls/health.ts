/**
 * Health of an integration: terms, weights, statuses. One place; the scorecard, the graph, the overview and the alert
 * rules all read the views made of it.
 *
 * The source document asks for a 0–100 score with healthy/degraded/critical/offline and gives no formula; its success
 * metrics (99.5 % availability, 200 ms response time) are the points at which a term begins to lose.
 */
import type { HealthModel } from '../../define';

/** The calls behind a term, over time. */
const seenIn = { query: 'integration_calls', filter: 'integration' } as const;

export const health: HealthModel = {
  terms: [
    {
      name: 'failures',
      title: 'Failed calls',
      weight: 45,
      value: 'if(calls = 0, NULL, failures / calls)',
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
      title: 'Response time, p95',
      weight: 35,
      value: 'p95_ms',
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
      weight: 15,
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
      weight: 5,
      value: 'if(calls = 0, NULL, deprecated_calls / calls)',
      unit: 'percentunit',
      good: 0,
      bad: 0.2,
      required: false,
      risk: 'Calls fail on the day these endpoints are switched off.',
      remedy: { action: 'Move the calls to the endpoints that replace them.', effort: 'medium' },
      evidence: { query: 'integration_endpoints', column: 'calls', filter: 'integration' },
    },
  ],
  statuses: { healthy: 80, degraded: 50 },
  offline: 'calls >= 5 AND failures = calls',
};
