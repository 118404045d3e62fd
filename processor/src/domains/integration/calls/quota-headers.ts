/**
 * What response headers say about a quota: `RateLimit` and `RateLimit-Limit/-Remaining/-Reset` (IETF draft
 * draft-ietf-httpapi-ratelimit-headers, its older and newer form), `X-RateLimit-*` as providers write them, and
 * `Retry-After` (RFC 9110 §10.2.3). What is not there or not understood is left out; nothing is guessed.
 */

/** Fields of an API call that headers can fill. Times are seconds from the response on. */
export interface QuotaFields {
  rate_limit_limit?: number;
  rate_limit_remaining?: number;
  rate_limit_reset_s?: number;
  retry_after_s?: number;
}

/** From here on a number of seconds is a date: 2001-09-09. Quota periods are shorter than 30 years. */
const EPOCH_FROM = 1e9;
/** And from here on the date is in milliseconds. */
const EPOCH_MS_FROM = 1e12;

/** A captured header is a list of values (JSON text of an array of strings), or one text. */
function first(value: string | number | boolean | undefined): string | undefined {
  if (value === undefined) return undefined;
  const text = String(value).trim();
  if (!text.startsWith('[')) return text || undefined;
  try {
    const list: unknown = JSON.parse(text);
    return Array.isArray(list) && list.length > 0 ? String(list[0]).trim() || undefined : undefined;
  } catch {
    return undefined;
  }
}

/** The number a value begins with: `100, 100;w=60` names the limit first and the policies after it. */
const leading = (text: string | undefined): number | undefined => {
  const digits = text === undefined ? undefined : /^\d{1,15}(\.\d+)?(?![\w.])/.exec(text)?.[0];
  return digits === undefined ? undefined : Number(digits);
};
const count = (n: number | undefined): number | undefined => (n === undefined ? undefined : Math.floor(n));

/** Seconds from `now` (ms) until a moment that is given as seconds from now, or as a date in seconds or milliseconds. */
function until(n: number | undefined, now: number): number | undefined {
  if (n === undefined || n < EPOCH_FROM) return n;
  return Math.max(0, (n < EPOCH_MS_FROM ? n * 1000 : n) / 1000 - now / 1000);
}

/** Parameters of the `RateLimit` field: `"default";r=50;t=30`, and before draft 08 `limit=100, remaining=50, reset=5`. */
function combined(text: string | undefined, now: number): QuotaFields {
  const of = (...names: string[]): number | undefined => {
    const found = new RegExp(`(?:^|[;,\\s])(?:${names.join('|')})\\s*=\\s*(\\d{1,15})`).exec(text ?? '')?.[1];
    return found === undefined ? undefined : Number(found);
  };
  return {
    rate_limit_limit: of('limit', 'q'),
    rate_limit_remaining: of('remaining', 'r'),
    rate_limit_reset_s: until(of('reset', 't'), now),
  };
}

/**
 * @param header value of a header by its lower-case name
 * @param now when the response came, ms
 */
export function quotaOf(header: (name: string) => string | number | boolean | undefined, now: number): QuotaFields {
  const text = (name: string) => first(header(name));
  const one = combined(text('ratelimit'), now);
  const of = (what: string) => leading(text(`ratelimit-${what}`)) ?? leading(text(`x-ratelimit-${what}`));
  const policy = text('ratelimit-policy');
  const retry = text('retry-after');
  const date = retry === undefined || /^\d/.test(retry) ? NaN : Date.parse(retry);
  return {
    rate_limit_limit:
      one.rate_limit_limit ??
      count(of('limit')) ??
      // The newer form tells the limit in the policy only.
      (one.rate_limit_remaining === undefined ? undefined : combined(policy, now).rate_limit_limit),
    rate_limit_remaining: one.rate_limit_remaining ?? count(of('remaining')),
    rate_limit_reset_s: one.rate_limit_reset_s ?? until(of('reset'), now),
    retry_after_s: Number.isNaN(date) ? leading(retry) : Math.max(0, (date - now) / 1000),
  };
}
