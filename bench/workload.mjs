// @ts-check
/**
 * The events of the benches: calls of an API, about 300 bytes of JSON each, the same ones for the same options. A series is
 * one combination of the dimensions of the finest rollup; a group is a series within one minute, so a row of that rollup.
 */
import { processor } from '../test/support/stack.mjs';

/** Event type of the workload. */
export const EVENT_TYPE = 'integration.api_call';
export const WORKSPACE = 'bench';

/**
 * The registered declaration of the workload's event type. Throws where it is not registered any more.
 * @returns {any}
 */
export function eventDef() {
  const { domains } = processor('domains/index.js');
  const def = domains.flatMap((/** @type {any} */ d) => d.events).find((/** @type {any} */ e) => e.type === EVENT_TYPE);
  if (def === undefined) throw new Error(`no domain declares ${EVENT_TYPE}; mend bench/workload.mjs`);
  return def;
}

/** Small, fast, seeded: xorshift32. Gives whole numbers below 2^32. */
function generator(seed = 0x9e3779b9) {
  let x = seed | 0 || 1;
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return x >>> 0;
  };
}

const METHODS = ['GET', 'POST', 'PUT', 'DELETE'];
const ERRORS = ['timeout', 'card_declined', 'upstream_unavailable'];
const CALLERS = 20;
const hex8 = (/** @type {number} */ n) => n.toString(16).padStart(8, '0');
const pad = (/** @type {number} */ n, /** @type {number} */ width) => String(n).padStart(width, '0');

/** Part of an event that all events of one series share. */
function makeSeries(/** @type {number} */ count) {
  const endpoints = Math.max(1, Math.ceil(Math.sqrt(count / 2)));
  return Array.from({ length: count }, (_, s) => {
    const [i, e] = [Math.floor(s / endpoints), s % endpoints];
    const integration = `payments-${pad(i, 3)}`;
    return {
      integration,
      head: `","workspace":"${WORKSPACE}","integration":"${integration}","caller":"svc-${pad(s % CALLERS, 2)}","endpoint":"/v1/charges/${pad(e, 3)}","method":"${METHODS[e % 4]}","status_code":`,
      // Tenths of a millisecond: from 2 ms to 0.8 s, by endpoint.
      scale: 20 * 1.0075 ** (s % 800),
    };
  });
}

/**
 * @param {{series: number, seed?: number}} o
 * @returns {(time: number) => {id: string, key: string, json: string}} makes the next event, happening at `time` (milliseconds)
 */
export function eventMaker({ series, seed = 1 }) {
  const random = generator(Math.imul(seed, 0x9e3779b9));
  const all = makeSeries(series);
  let n = 0;
  return (time) => {
    // Every series in turn, in an order that changes from one turn to the next.
    const turn = Math.floor(n / series);
    const s = all[(n + turn * 7919) % series];
    const [a, b, c, d] = [random(), random(), random(), random()];
    const id = `${hex8(seed)}-${hex8(n).slice(0, 4)}-4${hex8(n).slice(5)}-a${hex8(a).slice(5)}-${hex8(b)}${hex8(n).slice(4)}`;
    n++;
    // Log-normal enough: the sum of uniforms in the exponent.
    const spread = ((a & 0xffff) + (a >>> 16) + (b & 0xffff) + (b >>> 16)) / 131072 - 1;
    const latency = Math.round(s.scale * Math.exp(1.6 * spread)) / 10 || 0.1;
    const roll = c % 1000;
    const status = roll < 2 ? 429 : roll < 15 ? 500 : 200;
    const error = roll < 2 ? ',"error_code":"rate_limited"' : roll < 15 ? `,"error_code":"${ERRORS[roll % 3]}"` : '';
    const bytes = `,"bytes_in":${200 + (c >>> 20)},"bytes_out":${100 + (d >>> 22)}`;
    const trace = `,"trace_id":"${hex8(a)}${hex8(b)}${hex8(c)}${hex8(d)}"}`;
    const json = `{"type":"${EVENT_TYPE}","event_id":"${id}","time":"${new Date(time).toISOString()}${s.head}${status}${error},"latency_ms":${latency}${bytes}${trace}`;
    return { id, key: s.integration, json };
  };
}

/** Fields that the events carry, over all of them. @returns {Set<string>} */
export function carriedFields() {
  const next = eventMaker({ series: 10 });
  return new Set(Array.from({ length: 2000 }, () => Object.keys(JSON.parse(next(Date.now()).json))).flat());
}

/**
 * Event times of `events` events over `minutes` whole minutes that end in the past minute: in the order of the log, each up
 * to two seconds off, as from producers on several machines.
 * @param {{events: number, minutes: number, now: number}} o
 */
export function timeline({ events, minutes, now }) {
  const end = Math.floor(now / 60_000) * 60_000;
  const start = end - minutes * 60_000;
  const random = generator(7);
  return (/** @type {number} */ n) => {
    const t = start + Math.floor((n / events) * minutes * 60_000) + (random() % 4001) - 2000;
    return Math.min(end - 1, Math.max(start, t));
  };
}
