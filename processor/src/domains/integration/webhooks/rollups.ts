import { rollup, type EventOf } from '../../define';
import { webhookDelivery } from './events';

type Delivery = EventOf<typeof webhookDelivery>;

/** Attempts that have a row of their own; later ones share the last. */
export const LAST_ATTEMPT = 10;

const isAttempt = (e: Delivery): boolean => e.outcome !== 'discarded';
const reason = (e: Delivery): string =>
  e.outcome === 'delivered' ? '' : (e.reason ?? (e.status_code === undefined ? 'unknown' : String(e.status_code)));
/** The end of a message, counted once: redeliveries come after it. */
const endsWith = (outcome: Delivery['outcome']) => (e: Delivery) => (e.outcome === outcome && !e.redelivery ? 1 : 0);

export const deliveries = rollup(webhookDelivery, {
  name: 'integration_webhooks',
  title: 'Webhook attempts',
  where: isAttempt,
  dimensions: {
    integration: { value: (e) => e.integration, description: 'Integration' },
    webhook: { value: (e) => e.webhook, description: 'Endpoint or subscription' },
    event: { value: (e) => e.event, description: 'Event that is delivered' },
    attempt: {
      value: (e) => (e.attempt >= LAST_ATTEMPT ? `${LAST_ATTEMPT}+` : String(Math.floor(e.attempt))),
      description: `Number of the attempt; ${LAST_ATTEMPT}+ for all from there`,
    },
    strategy: { value: (e) => e.delay_strategy ?? 'none', description: 'How retries are spaced' },
    reason: { value: reason, description: 'Why it failed; empty if delivered' },
  },
  measures: {
    attempts: { kind: 'count', value: () => 1, unit: 'short', description: 'Attempts' },
    started: {
      kind: 'sum',
      integer: true,
      value: (e) => (e.attempt === 1 && !e.redelivery ? 1 : 0),
      unit: 'short',
      description: 'Messages: first attempts',
    },
    delivered: {
      kind: 'sum',
      integer: true,
      value: endsWith('delivered'),
      unit: 'short',
      description: 'Messages delivered',
    },
    dead_letters: {
      kind: 'sum',
      integer: true,
      value: endsWith('dead_lettered'),
      unit: 'short',
      description: 'Messages dead-lettered',
    },
    redelivered: {
      kind: 'sum',
      integer: true,
      value: (e) => (e.outcome === 'delivered' && e.redelivery ? 1 : 0),
      unit: 'short',
      description: 'Dead letters delivered after all',
    },
    latency: { kind: 'histogram', value: (e) => e.latency_ms, unit: 'ms', description: 'Time until the answer' },
    payload: {
      kind: 'histogram',
      // Of the first attempt: a message has one size, however often it is tried.
      value: (e) => (e.attempt === 1 && !e.redelivery ? e.payload_bytes : undefined),
      unit: 'bytes',
      description: 'Size of messages',
    },
  },
});

/**
 * One row per dead letter, so that it is known exactly which are still there and how old they are. They are few; a
 * window without any has no row.
 */
export const deadLetters = rollup(webhookDelivery, {
  name: 'integration_dead_letters',
  title: 'Dead letters of webhooks',
  where: (e) =>
    e.outcome === 'dead_lettered' || e.outcome === 'discarded' || (e.redelivery && e.outcome === 'delivered'),
  dimensions: {
    integration: { value: (e) => e.integration, description: 'Integration' },
    webhook: { value: (e) => e.webhook, description: 'Endpoint or subscription' },
    message: { value: (e) => e.message_id, description: 'The message' },
    event: { value: (e) => e.event, description: 'Event that was to be delivered' },
  },
  measures: {
    first_dead: {
      kind: 'min',
      value: (e) => (e.outcome === 'dead_lettered' ? e.time / 1000 : null),
      unit: 'dateTimeAsIso',
      description: 'First dead-lettered',
    },
    last_dead: {
      kind: 'max',
      value: (e) => (e.outcome === 'dead_lettered' ? e.time / 1000 : null),
      unit: 'dateTimeAsIso',
      description: 'Last dead-lettered',
    },
    closed: {
      kind: 'max',
      value: (e) => (e.outcome === 'dead_lettered' ? null : e.time / 1000),
      unit: 'dateTimeAsIso',
      description: 'Delivered after all, or discarded',
    },
    attempts: { kind: 'max', value: (e) => e.attempt, unit: 'none', description: 'Attempts made' },
  },
  retentionDays: { '1m': 0, '1h': 0, '1d': 400 },
});
