import type { AlertDef } from '../../define';
import { DEAD_LETTER_AGE, DELIVERY_RATE, FAILURE_RATE } from './thresholds';

const dashboard = 'integration-webhooks';
const where = 'Open the Integration webhooks dashboard and choose the webhook.';

export const alerts: AlertDef[] = [
  {
    name: 'integration-webhook-delivery',
    title: 'Webhook messages not delivered',
    query: 'integration_webhook_window',
    shownBy: 'integration_webhooks',
    column: 'delivery_rate',
    reduce: 'last',
    condition: { op: 'lt', value: DELIVERY_RATE },
    windowSeconds: 900,
    stepSeconds: 60,
    forSeconds: 120,
    severity: 'critical',
    summary: '{{ $labels.webhook }} got {{ $values.B.Value | humanizePercentage }} of its messages',
    runbook: `Of the messages of the last 15 minutes, less than 95 % have arrived; those that wait for a retry count as not arrived. ${where} "Why attempts failed" tells a receiver that is down (timeouts, 5xx) from one that refuses (4xx: credentials, a changed path, a changed schema). The heatmap shows how deep into retries messages are: when the last step is reached they become dead letters and need to be sent again by hand.`,
    dashboard,
  },
  {
    name: 'integration-webhook-failures',
    title: 'Webhook attempts failing',
    query: 'integration_webhook_window',
    shownBy: 'integration_webhooks',
    column: 'failure_rate',
    reduce: 'last',
    condition: { op: 'gt', value: FAILURE_RATE },
    windowSeconds: 300,
    stepSeconds: 60,
    forSeconds: 120,
    severity: 'warning',
    summary: '{{ $values.B.Value | humanizePercentage }} of the attempts to reach {{ $labels.webhook }} fail',
    runbook: `More than a quarter of the attempts of the last five minutes failed. Retries may still deliver the messages, but late. ${where} Compare first attempts with retries: when only retries fail, old messages are stuck and new ones pass; when first attempts fail too, the receiver is in trouble now.`,
    dashboard,
  },
  {
    name: 'integration-dead-letters',
    title: 'Webhook dead letters ageing',
    query: 'integration_webhook_dead_letter_age',
    column: 'oldest_seconds',
    reduce: 'last',
    condition: { op: 'gt', value: DEAD_LETTER_AGE },
    windowSeconds: 300,
    stepSeconds: 60,
    forSeconds: 0,
    severity: 'warning',
    absence: 'fine',
    summary: 'The oldest dead letter of {{ $labels.webhook }} has lain for {{ $values.B.Value | humanizeDuration }}',
    runbook: `Messages that were given up have lain for more than an hour. ${where} The table of dead letters names them. When the receiver is well again, redeliver them (and report that with redelivery true), or discard what nobody needs any more (outcome discarded): both take them off the list.`,
    dashboard,
  },
];
