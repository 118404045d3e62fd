/** Probes of the demo's providers each minute, and what happens to their credentials. */
import type { DemoSource } from '../../define';
import { demoProviders, illProvider } from '../calls/demo';
import { due } from '../due';
import { auth, healthCheck } from './events';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Days that a certificate or an API key has left, where it is not renewed in time: so that the rules have something to say. */
const CERTIFICATE_DAYS: Record<string, number> = { mail: 4, shipping: 12 };
const API_KEY_DAYS: Record<string, number> = { search: 3, mail: 40 };

export const demo: DemoSource = {
  events(from, to, random, incident) {
    const out: Record<string, unknown>[] = [];
    const day = Math.floor(from / DAY) * DAY;
    demoProviders.forEach((p, i) => {
      const who = { integration: p.integration, provider: p.provider };
      const hurt = p === illProvider(from) ? incident : 0;
      for (const time of due(from, to, MINUTE, 7000 + 3000 * i)) {
        const ok = random() >= 0.6 * hurt * ((p.incident?.failureShare ?? 0) > 0.1 ? 1 : 0.2);
        out.push({
          ...who,
          type: healthCheck.type,
          event_id: `demo-check-${p.integration}-${time}`,
          time,
          target: `api.${p.provider}.example`,
          check: 'http',
          ok,
          ...(ok ? {} : { error_code: 'timeout' }),
          latency_ms: ok ? Math.round((20 + 15 * random()) * (1 + hurt * 4) * 10) / 10 : 5000,
          dns_ms: Math.round((1 + 3 * random()) * 10) / 10,
          tls_valid: true,
          tls_expires_at: day / 1000 + 86_400 * (CERTIFICATE_DAYS[p.integration] ?? 70),
          reconnections: random() < 0.02 + 0.5 * hurt ? 1 : 0,
        });
      }
      const credential = `${p.agent} token`;
      const key = API_KEY_DAYS[p.integration];
      for (const time of due(from, to, 10 * MINUTE, 11_000 + 5000 * i)) {
        // The CRM's token service refuses now and then; elsewhere renewals just work.
        const ok = p.integration !== 'crm' || random() > 0.05 + 0.4 * incident;
        out.push({
          ...who,
          type: auth.type,
          event_id: `demo-auth-${p.integration}-${time}`,
          time,
          agent: p.agent,
          auth_type: key === undefined ? 'oauth2' : 'api_key',
          action: key === undefined ? 'refresh' : 'authenticate',
          ok,
          ...(ok ? {} : { error_code: 'token_expired' }),
          credential: key === undefined ? credential : `${p.integration} key`,
          expires_at: key === undefined ? Math.floor(time / 1000) + 3600 : day / 1000 + key * 86_400,
          renewable: key === undefined,
          mfa: p.integration !== 'shipping',
        });
      }
      for (const time of due(from, to, 7 * DAY, 9 * HOUR + i * HOUR))
        out.push({
          ...who,
          type: auth.type,
          event_id: `demo-rotate-${p.integration}-${time}`,
          time,
          agent: p.agent,
          auth_type: key === undefined ? 'oauth2' : 'api_key',
          action: i % 3 === 2 ? 'scope_change' : 'rotate',
          ok: true,
          credential: `${p.integration} secret`,
          scopes: i % 3 === 2 ? 'read write' : 'read',
        });
    });
    return out;
  },
};
