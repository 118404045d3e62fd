/** Headers as providers write them, against what their documents say they mean. */
import { quotaOf, type QuotaFields } from './quota-headers';

const NOW = Date.UTC(2026, 10, 21, 12);
const of = (headers: Record<string, string>): QuotaFields =>
  Object.fromEntries(Object.entries(quotaOf((name) => headers[name], NOW)).filter(([, v]) => v !== undefined));

it.each<[string, Record<string, string>, QuotaFields]>([
  ['nothing', {}, {}],
  [
    'three fields, as captured by OpenTelemetry',
    { 'ratelimit-limit': '["100, 100;w=60"]', 'ratelimit-remaining': '["41"]', 'ratelimit-reset': '["30"]' },
    { rate_limit_limit: 100, rate_limit_remaining: 41, rate_limit_reset_s: 30 },
  ],
  [
    'reset as a date in seconds',
    { 'x-ratelimit-limit': '5000', 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(NOW / 1000 + 90) },
    { rate_limit_limit: 5000, rate_limit_remaining: 0, rate_limit_reset_s: 90 },
  ],
  ['reset as a date in milliseconds', { 'x-ratelimit-reset': String(NOW + 1500) }, { rate_limit_reset_s: 1.5 }],
  ['a date that has passed', { 'x-ratelimit-reset': String(NOW / 1000 - 5) }, { rate_limit_reset_s: 0 }],
  [
    'the combined field and its policy',
    { ratelimit: '"default";r=50;t=30', 'ratelimit-policy': '"default";q=100;w=60' },
    { rate_limit_limit: 100, rate_limit_remaining: 50, rate_limit_reset_s: 30 },
  ],
  [
    'the combined field of an older draft',
    { ratelimit: 'limit=100, remaining=50, reset=5' },
    { rate_limit_limit: 100, rate_limit_remaining: 50, rate_limit_reset_s: 5 },
  ],
  ['Retry-After in seconds', { 'retry-after': '120' }, { retry_after_s: 120 }],
  ['Retry-After as a date', { 'retry-after': 'Sat, 21 Nov 2026 12:01:00 GMT' }, { retry_after_s: 60 }],
  ['what is not understood is left out', { 'retry-after': 'soon', 'x-ratelimit-limit': '10abc', ratelimit: '[' }, {}],
])('%s', (_name, headers, want) => {
  expect(of(headers)).toEqual(want);
});
