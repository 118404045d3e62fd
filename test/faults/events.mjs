// @ts-check
/** Events of the faults' producers. */

export const TYPES = ['integration.api_call', 'integration.dependency'];

/**
 * The nth event of a scenario: a handful of groups, windows over some hours, and one in ten without an id.
 * @param {number} n @param {{ prefix: string, epoch: number }} of the scenario's name, and the time that events hang on
 * @param {Record<string, unknown>} [extra] fields over these
 * @returns {Record<string, any>}
 */
export function nthEvent(n, { prefix, epoch }, extra = {}) {
  const pick = (/** @type {number} */ salt, /** @type {number} */ of) =>
    (Math.imul(n + 1, 2654435761 + salt * 40503) >>> 8) % of;
  const time = epoch - pick(1, 3 * 3600) * 1000;
  if (n % 20 === 19)
    return {
      type: TYPES[1],
      event_id: `${prefix}-${n}`,
      time: new Date(time).toISOString(),
      workspace: 'faults',
      source: `service-${pick(2, 5)}`,
      source_kind: 'service',
      target: `integration-${pick(3, 7)}`,
      target_kind: 'integration',
      dependency_type: 'data',
      criticality: 1 + pick(4, 5),
      ...extra,
    };
  const status = [200, 200, 200, 200, 404, 429, 500][pick(5, 7)];
  return {
    type: TYPES[0],
    ...(n % 10 === 3 ? {} : { event_id: `${prefix}-${n}` }),
    time: new Date(time).toISOString(),
    workspace: 'faults',
    integration: `integration-${pick(6, 7)}`,
    kind: 'integration',
    provider: `provider-${pick(6, 7)}`,
    endpoint: `/v1/resource-${pick(7, 9)}`,
    method: 'POST',
    ...(pick(8, 5) === 0
      ? { vantage: 'server', alias: `alias-${pick(6, 7)}` }
      : { vantage: 'client', caller: `service-${pick(2, 5)}` }),
    status_code: status,
    latency_ms: (1 + pick(9, 100_000)) / 37,
    bytes_in: pick(10, 10_000),
    bytes_out: pick(11, 1000),
    cost: pick(12, 1000) / 1e5,
    trace_id: `${prefix}:${n}`,
    ...extra,
  };
}
