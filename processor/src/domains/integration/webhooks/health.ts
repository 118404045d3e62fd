/**
 * Reliability of a webhook. The source document asks for a reliability score and gives no formula; its delivery metric
 * (95 %) is where half of the first term's points are lost.
 */
import type { HealthModel } from '../../define';
import { DELIVERY_RATE, SLOW_MS } from './thresholds';

const evidence = (column: string) => ({ query: 'integration_webhooks', column, filter: 'webhook' });
const missing = 1 - DELIVERY_RATE;

export const health: HealthModel = {
  terms: [
    {
      name: 'undelivered',
      title: 'Messages not delivered',
      weight: 50,
      value: 'if(due = 0, NULL, undelivered / due)',
      unit: 'percentunit',
      good: 0,
      bad: 2 * missing,
      // Receivers have lost sight of what happens.
      gate: { above: 0.25, cap: 40 },
      required: true,
      risk: 'Receivers act on old data, and messages that are given up need to be sent again by hand.',
      remedy: {
        action: 'Look at why attempts fail, mend the receiver, then redeliver the dead letters.',
        effort: 'medium',
      },
      evidence: evidence('delivery_rate'),
    },
    {
      name: 'first_failures',
      title: 'First attempts that fail',
      weight: 15,
      value: 'if(n_started = 0, NULL, n_first_failed / n_started)',
      unit: 'percentunit',
      good: 0.02,
      bad: 0.3,
      required: false,
      risk: 'Messages arrive late and out of order.',
      remedy: { action: 'Look for timeouts and for deployments of the receiver that drop requests.', effort: 'medium' },
      evidence: evidence('first_failure_rate'),
    },
    {
      name: 'recovery',
      title: 'Messages lost after a failure',
      weight: 15,
      value: 'if(n_recovered + n_dead = 0, NULL, n_dead / (n_recovered + n_dead))',
      unit: 'percentunit',
      good: 0.1,
      bad: 0.8,
      required: false,
      risk: 'Any failure of the receiver loses messages.',
      remedy: { action: 'Space retries further apart so that they outlast an outage of the receiver.', effort: 'low' },
      evidence: evidence('recovery_rate'),
    },
    {
      name: 'latency_p95',
      title: 'Time until the answer, p95',
      weight: 20,
      value: 'p95',
      unit: 'ms',
      good: 1000,
      bad: 2 * SLOW_MS,
      required: false,
      risk: 'Senders give up on answers that take too long and send the message again.',
      remedy: { action: 'Have the receiver store the message, answer, and work on it afterwards.', effort: 'medium' },
      evidence: evidence('p95_latency_ms'),
    },
  ],
  statuses: { healthy: 80, degraded: 50 },
  offline: 'due >= 5 AND undelivered = due',
};
