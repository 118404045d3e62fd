/** Webhooks: every attempt to deliver a message. */
import { event, field } from '../../define';

export const OUTCOMES = ['delivered', 'failed', 'dead_lettered', 'discarded'] as const;

export const webhookDelivery = event({
  type: 'integration.webhook_delivery',
  title: 'Webhook delivery attempt',
  description:
    'One attempt to deliver a message to a webhook. The outcome of the last attempt is that of the message: delivered, or dead_lettered when nothing is tried any more. A message that was dead-lettered may be delivered later by a redelivery, or be discarded (which is no attempt).',
  privacy: 'operational',
  rawRetentionDays: 30,
  fields: {
    integration: field.name('Integration that the webhook belongs to'),
    webhook: field.name('Endpoint or subscription that receives; one name per workspace'),
    event: field.name('Event that is delivered, e.g. order.paid'),
    message_id: field.id('The message, the same in all its attempts'),
    attempt: field.number('1 for the first attempt, then one more for each retry', 'none', 1, 1000),
    delay_strategy: field.name('How retries are spaced, e.g. fixed, linear, exponential; left out: none').optional(),
    delay_ms: field.number('Wait since the attempt before', 'ms', 0, 30 * 86_400_000).optional(),
    outcome: field.choice(OUTCOMES, 'failed: it will be tried again'),
    redelivery: field.flag('Whether this is a dead letter that is sent again').default(false),
    status_code: field.count('HTTP status code of the answer', 'none').optional(),
    reason: field.name('Why it failed, e.g. timeout; left out, it is the status code').optional(),
    latency_ms: field.number('Time until the answer, or until it was given up', 'ms', 0, 86_400_000).optional(),
    payload_bytes: field.count('Size of the message', 'bytes').optional(),
  },
  example: {
    type: 'integration.webhook_delivery',
    event_id: 'msg-5512-2',
    time: '2026-11-21T12:00:00.000Z',
    workspace: 'demo',
    integration: 'payments-eu',
    webhook: 'orders-callback',
    event: 'payment.succeeded',
    message_id: 'msg-5512',
    attempt: 2,
    delay_strategy: 'exponential',
    delay_ms: 2000,
    outcome: 'delivered',
    status_code: 200,
    latency_ms: 84,
    payload_bytes: 1830,
  },
});
