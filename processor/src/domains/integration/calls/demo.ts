/** A small shop that lives off six providers, with an incident at one of them now and then. */
import type { DemoSource } from '../../define';
import { apiCall } from './events';

interface Endpoint {
  path: string;
  method: string;
  /** Calls per second in calm traffic. */
  rate: number;
  /** Median response time in ms, and the spread (σ of its logarithm). */
  medianMs: number;
  sigma: number;
  cost?: number;
  deprecated?: boolean;
}
interface Provider {
  integration: string;
  provider: string;
  callers: string[];
  agent: string;
  failureShare: number;
  quota?: number;
  endpoints: Endpoint[];
  /** What an incident does here at its height. */
  incident?: { failureShare: number; slower: number; status: number };
}

export const demoProviders: readonly Provider[] = [
  {
    integration: 'payments-eu',
    provider: 'stripe',
    callers: ['checkout', 'billing'],
    agent: 'checkout-agent',
    failureShare: 0.002,
    incident: { failureShare: 0.45, slower: 9, status: 503 },
    endpoints: [
      { path: '/v1/charges', method: 'POST', rate: 2.2, medianMs: 120, sigma: 0.35, cost: 0.0004 },
      { path: '/v1/refunds', method: 'POST', rate: 0.3, medianMs: 140, sigma: 0.4, cost: 0.0004 },
      { path: '/v1/customers/{id}', method: 'GET', rate: 1.4, medianMs: 60, sigma: 0.3 },
    ],
  },
  {
    integration: 'crm',
    provider: 'salesforce',
    callers: ['sync', 'support'],
    agent: 'crm-agent',
    failureShare: 0.004,
    quota: 15_000,
    endpoints: [
      { path: '/services/data/query', method: 'GET', rate: 1.1, medianMs: 210, sigma: 0.5 },
      { path: '/services/data/v48.0/sobjects', method: 'POST', rate: 0.5, medianMs: 260, sigma: 0.5, deprecated: true },
    ],
  },
  {
    integration: 'chat',
    provider: 'slack',
    callers: ['notify'],
    agent: 'notify-agent',
    failureShare: 0.001,
    quota: 1200,
    endpoints: [{ path: '/api/chat.postMessage', method: 'POST', rate: 1.8, medianMs: 80, sigma: 0.3 }],
  },
  {
    integration: 'mail',
    provider: 'sendgrid',
    callers: ['notify', 'billing'],
    agent: 'notify-agent',
    failureShare: 0.002,
    endpoints: [{ path: '/v3/mail/send', method: 'POST', rate: 0.9, medianMs: 95, sigma: 0.35, cost: 0.0009 }],
  },
  {
    integration: 'shipping',
    provider: 'dhl',
    callers: ['checkout', 'warehouse'],
    agent: 'fulfilment-agent',
    failureShare: 0.01,
    incident: { failureShare: 0.03, slower: 14, status: 504 },
    endpoints: [
      { path: '/rates', method: 'GET', rate: 1.2, medianMs: 180, sigma: 0.6 },
      { path: '/shipments', method: 'POST', rate: 0.4, medianMs: 320, sigma: 0.5, cost: 0.002 },
    ],
  },
  {
    integration: 'search',
    provider: 'algolia',
    callers: ['storefront'],
    agent: 'search-agent',
    failureShare: 0.0005,
    endpoints: [
      { path: '/1/indexes/{name}/query', method: 'POST', rate: 4.5, medianMs: 22, sigma: 0.4, cost: 0.00005 },
    ],
  },
];

const DAY = 86_400_000;
const QUOTA_PERIOD = 3_600_000;

/** Daily rhythm: 0.4 at night, 1 in the afternoon (UTC). */
const rhythm = (t: number): number => 0.7 - 0.3 * Math.cos((2 * Math.PI * ((t % DAY) - 3 * 3600_000)) / DAY);

/** The provider that has the incident: it wanders, each half day another has it. */
export function illProvider(t: number): Provider {
  const prone = demoProviders.filter((p) => p.incident);
  return prone[Math.floor(t / (DAY / 2)) % prone.length]!;
}

/**
 * Share of the quota used at `t`. It is renewed each hour; in every fourth hour the load is such that it is used up just
 * before that, which a reader of the rate limits sees coming.
 */
function quotaUsed(t: number): number {
  const past = (t % QUOTA_PERIOD) / QUOTA_PERIOD;
  return Math.min(1, past * (Math.floor(t / QUOTA_PERIOD) % 4 === 2 ? 1.02 : 0.7));
}

export const demo: DemoSource = {
  events(from, to, random, incident) {
    const normal = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    const out: Record<string, unknown>[] = [];
    const seconds = (to - from) / 1000;
    const ill = illProvider(from);
    for (const p of demoProviders) {
      const hurt = p === ill ? incident : 0;
      for (const e of p.endpoints) {
        const expected = e.rate * rhythm(from) * seconds;
        const n = Math.floor(expected) + (random() < expected % 1 ? 1 : 0);
        for (let i = 0; i < n; i++) {
          const time = Math.floor(from + random() * (to - from));
          const failed = random() < p.failureShare + hurt * (p.incident?.failureShare ?? 0);
          const slower = 1 + hurt * ((p.incident?.slower ?? 1) - 1);
          const used = p.quota === undefined ? 0 : quotaUsed(time);
          const limited = p.quota !== undefined && random() < (used >= 1 ? 0.3 : 0.001);
          out.push({
            type: apiCall.type,
            event_id: `demo-${time.toString(36)}-${Math.floor(random() * 2 ** 48).toString(36)}`,
            time,
            integration: p.integration,
            provider: p.provider,
            agent: p.agent,
            caller: p.callers[Math.floor(random() * p.callers.length)],
            endpoint: e.path,
            method: e.method,
            status_code: limited ? 429 : failed ? (hurt > 0 ? p.incident!.status : 500) : 200,
            ...(limited ? { retry_after_s: 30 } : {}),
            // Callers send once more what failed.
            ...(random() < (failed ? 0.5 : 0.001 + 0.2 * hurt) ? { resend_count: 1 } : {}),
            latency_ms: Math.round(e.medianMs * slower * Math.exp(e.sigma * normal()) * 100) / 100,
            bytes_in: 400 + Math.floor(random() * 4000),
            bytes_out: 200 + Math.floor(random() * 900),
            ...(p.quota === undefined
              ? {}
              : {
                  rate_limit_limit: p.quota,
                  rate_limit_remaining: Math.round(p.quota * (1 - used)),
                  rate_limit_reset_s: Math.round((QUOTA_PERIOD - (time % QUOTA_PERIOD)) / 1000),
                }),
            ...(e.deprecated ? { deprecated: true } : {}),
            ...(e.cost === undefined ? {} : { cost: e.cost }),
          });
        }
      }
    }
    return out;
  },
};
