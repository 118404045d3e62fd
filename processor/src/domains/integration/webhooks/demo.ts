/**
 * The webhooks of the demo's shop. Every message is a function of the second it was made in, so that its retries, minutes
 * later, agree with what its earlier attempts met.
 */
import type { DemoSource } from '../../define';
import { chance, incidentAt } from '../../../vocabulary/demo';
import { webhookDelivery } from './events';

interface Webhook {
  integration: string;
  webhook: string;
  /** Messages per second. */
  rate: number;
  events: readonly string[];
  strategy: string;
  /** Waits before the retries, in seconds. */
  delays: readonly number[];
  failureShare: number;
  /** Half days in which it has the incident: 0 the first of a day, 1 the second. */
  ill?: 0 | 1;
  medianMs: number;
  medianBytes: number;
  /** Share of messages that the receiver will never take. */
  gone?: number;
  /** Minute of the hour in which a campaign makes it burst. */
  burst?: number;
}

const WEBHOOKS: readonly Webhook[] = [
  {
    integration: 'payments-eu',
    webhook: 'orders-callback',
    rate: 0.5,
    events: ['payment.succeeded', 'payment.failed', 'refund.created'],
    strategy: 'exponential',
    delays: [10, 30, 90, 270, 810],
    failureShare: 0.02,
    ill: 0,
    medianMs: 90,
    medianBytes: 2_000,
  },
  {
    integration: 'payments-eu',
    webhook: 'ledger-feed',
    rate: 0.15,
    events: ['payout.paid', 'balance.changed'],
    strategy: 'fixed',
    delays: [15, 15, 15],
    failureShare: 0.03,
    ill: 0,
    medianMs: 240,
    medianBytes: 120_000,
  },
  {
    integration: 'shipping',
    webhook: 'tracking-updates',
    rate: 0.4,
    events: ['parcel.scanned', 'parcel.delivered'],
    strategy: 'linear',
    delays: [20, 40, 60, 80],
    failureShare: 0.02,
    ill: 1,
    medianMs: 130,
    medianBytes: 900,
    burst: 5,
  },
  {
    integration: 'shipping',
    webhook: 'label-printer',
    rate: 0.1,
    events: ['label.created'],
    strategy: 'fixed',
    delays: [10, 10],
    failureShare: 0.05,
    ill: 1,
    medianMs: 700,
    medianBytes: 40_000,
  },
  {
    integration: 'crm',
    webhook: 'lead-router',
    rate: 0.2,
    events: ['lead.created', 'lead.merged'],
    strategy: 'exponential',
    delays: [5, 25, 125],
    failureShare: 0.01,
    medianMs: 60,
    medianBytes: 1_500,
    // Leads of a form that was taken down: the receiver answers 410, and the sender tries again all the same.
    gone: 0.015,
  },
];

const SECOND = 1000;
const HOUR = 3_600_000;
const HALF_DAY = 12 * HOUR;

const incidentOf = (w: Webhook, at: number): number => (w.ill === Math.floor(at / HALF_DAY) % 2 ? incidentAt(at) : 0);

interface Message {
  webhook: Webhook;
  id: string;
  /** When its first attempt was made, in milliseconds. */
  at: number;
}

/** Messages that were made in the second `at`. */
function messagesOf(w: Webhook, at: number): Message[] {
  const bursting = w.burst !== undefined && Math.floor((at % HOUR) / 60_000) === w.burst;
  const expected = w.rate * (bursting ? 12 : 1);
  const seed = `${w.webhook}-${(at / SECOND).toString(36)}`;
  const n = Math.floor(expected) + (chance(`${seed} n`) < expected % 1 ? 1 : 0);
  return Array.from({ length: n }, (_, i): Message => ({
    webhook: w,
    id: `${seed}-${i}`,
    at: at + Math.floor(chance(`${seed}-${i} ms`) * SECOND),
  }));
}

const isGone = (m: Message): boolean => chance(`${m.id} gone`) < (m.webhook.gone ?? 0);
const fails = (m: Message, attempt: number, at: number): boolean =>
  isGone(m) || chance(`${m.id} ${attempt}`) < m.webhook.failureShare + 0.9 * incidentOf(m.webhook, at);

/** The attempts of a message up to the one that delivers it: number, time, whether it failed. */
function attemptsOf(m: Message): { attempt: number; at: number; failed: boolean }[] {
  const out = [];
  let at = m.at;
  for (let attempt = 1; attempt <= m.webhook.delays.length + 1; attempt++) {
    if (attempt > 1) at += m.webhook.delays[attempt - 2]! * SECOND;
    const failed = fails(m, attempt, at);
    out.push({ attempt, at, failed });
    if (!failed) break;
  }
  return out;
}

const normal = (key: string): number =>
  Math.sqrt(-2 * Math.log(1 - chance(`${key} u`))) * Math.cos(2 * Math.PI * chance(`${key} v`));

function eventOf(m: Message, attempt: number, at: number, failed: boolean): Record<string, unknown> {
  const w = m.webhook;
  const incident = incidentOf(w, at);
  const timeout = failed && incident > 0 && chance(`${m.id} ${attempt} timeout`) < 0.6;
  return {
    type: webhookDelivery.type,
    event_id: `demo-${m.id}-${attempt}`,
    time: at,
    integration: w.integration,
    webhook: w.webhook,
    event: w.events[Math.floor(chance(`${m.id} event`) ** 2 * w.events.length)],
    message_id: m.id,
    attempt,
    delay_strategy: w.strategy,
    ...(attempt === 1 ? {} : { delay_ms: (w.delays[attempt - 2] ?? 0) * SECOND }),
    outcome: !failed ? 'delivered' : attempt > w.delays.length ? 'dead_lettered' : 'failed',
    ...(timeout ? { reason: 'timeout' } : { status_code: !failed ? 200 : isGone(m) ? 410 : incident > 0 ? 503 : 500 }),
    latency_ms: timeout
      ? 10_000
      : Math.round(w.medianMs * (1 + 6 * incident) * Math.exp(0.5 * normal(`${m.id} ${attempt}`)) * 100) / 100,
    payload_bytes: Math.round(w.medianBytes * Math.exp(0.7 * normal(m.id))),
  };
}

/** Half an hour after an incident began, somebody sends most of its dead letters again. */
const REDELIVERY = { after: 32 * 60_000, spread: 120_000, share: 0.6 };
const PERIOD = 40 * 60_000;

function redelivered(w: Webhook, at: number): Record<string, unknown>[] {
  const into = (at % PERIOD) - REDELIVERY.after;
  if (into < 0 || into >= REDELIVERY.spread || into % (2 * SECOND) !== 0) return [];
  // Each two seconds take up the messages of twelve seconds of the incident.
  const first = at - into - REDELIVERY.after + 12 * 60_000 + (into / (2 * SECOND)) * 12 * SECOND;
  return Array.from({ length: 12 }, (_, i) => messagesOf(w, first + i * SECOND))
    .flat()
    .flatMap((m) => {
      const last = attemptsOf(m).at(-1)!;
      if (!last.failed || isGone(m) || chance(`${m.id} again`) > REDELIVERY.share) return [];
      return [{ ...eventOf(m, last.attempt + 1, at, false), redelivery: true }];
    });
}

export const demo: DemoSource = {
  events(from, to) {
    const out: Record<string, unknown>[] = [];
    for (let at = from; at < to; at += SECOND)
      for (const w of WEBHOOKS) {
        let waited = 0;
        for (let attempt = 1; attempt <= w.delays.length + 1; attempt++) {
          if (attempt > 1) waited += w.delays[attempt - 2]! * SECOND;
          for (const m of messagesOf(w, at - waited)) {
            const made = attemptsOf(m).find((a) => a.attempt === attempt);
            if (made !== undefined) out.push(eventOf(m, attempt, made.at, made.failed));
          }
        }
        out.push(...redelivered(w, at));
      }
    return out;
  },
};
