/** Bills by the hour, fees by the month, and what some of it brings in. The days before the start end with a costly one. */
import type { DemoSource } from '../../define';
import { due } from '../due';
import { costItem, valueGenerated } from './events';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** Long enough for two whole calendar months. */
const HISTORY_DAYS = 100;
/** Hours before the start in which search costs a multiple. */
const COSTLY = { integration: 'search', hours: 14, times: 6 };

interface Usage {
  integration: string;
  provider: string;
  cost_kind: string;
  /** US dollars an hour. */
  hourly: number;
  /** Share by which it grows in 30 days. */
  growth: number;
}
const USAGE: readonly Usage[] = [
  { integration: 'payments-eu', provider: 'stripe', cost_kind: 'api_calls', hourly: 3.1, growth: 0.05 },
  { integration: 'payments-eu', provider: 'stripe', cost_kind: 'data_transfer', hourly: 0.2, growth: 0 },
  { integration: 'search', provider: 'algolia', cost_kind: 'api_calls', hourly: 0.9, growth: 0.12 },
  { integration: 'search', provider: 'algolia', cost_kind: 'storage', hourly: 0.15, growth: 0.02 },
  { integration: 'shipping', provider: 'dhl', cost_kind: 'api_calls', hourly: 0.9, growth: 0 },
  { integration: 'shipping', provider: 'dhl', cost_kind: 'compute', hourly: 0.35, growth: 0 },
  { integration: 'mail', provider: 'sendgrid', cost_kind: 'api_calls', hourly: 0.3, growth: 0 },
  { integration: 'chat', provider: 'slack', cost_kind: 'data_transfer', hourly: 0.05, growth: 0 },
];
const FEES = [
  { integration: 'crm', provider: 'salesforce', amount: 450, plan: 'Enterprise', included: 500_000, quantity: 180_000 },
  { integration: 'chat', provider: 'slack', amount: 80, plan: 'Business', included: 40, quantity: 34 },
];
/** US dollars an hour; the others report none, so their return is unknown. */
const VALUES = [
  { integration: 'payments-eu', value_kind: 'orders', hourly: 9 },
  { integration: 'search', value_kind: 'orders', hourly: 1.6 },
];

const round = (x: number): number => Math.round(x * 1e4) / 1e4;
const isMonthStart = (t: number): boolean => new Date(t).getUTCDate() === 1 && t % DAY === 0;

/** What happened in the hour that ended at `end`. */
function hour(end: number, random: () => number, times: (integration: string) => number): Record<string, unknown>[] {
  const time = end - 1;
  const about = (x: number): number => round(x * (0.85 + 0.3 * random()));
  const out: Record<string, unknown>[] = USAGE.map(({ hourly, growth, ...what }) => ({
    ...what,
    type: costItem.type,
    event_id: `demo-cost-${what.integration}-${what.cost_kind}-${end}`,
    time,
    amount: about(hourly * times(what.integration) * (1 + growth) ** (((end / DAY) % 365) / 30)),
  }));
  for (const { hourly, ...what } of VALUES)
    out.push({
      ...what,
      type: valueGenerated.type,
      event_id: `demo-value-${what.integration}-${end}`,
      time,
      amount: about(hourly),
    });
  // Booked at the end of the month's first hour.
  if (isMonthStart(end - HOUR))
    for (const fee of FEES)
      out.push({
        ...fee,
        type: costItem.type,
        event_id: `demo-fee-${fee.integration}-${end}`,
        time,
        cost_kind: 'third_party_fees',
        charge_frequency: 'recurring',
        quantity_unit: 'calls',
      });
  return out;
}

export const demo: DemoSource = {
  events: (from, to, random) => due(from + 1, to + 1, HOUR).flatMap((end) => hour(end, random, () => 1)),
  history(until, random) {
    const first = until - HISTORY_DAYS * DAY;
    return [
      {
        type: costItem.type,
        event_id: `demo-setup-${first}`,
        time: first,
        integration: 'payments-eu',
        provider: 'stripe',
        cost_kind: 'third_party_fees',
        charge_frequency: 'one_time',
        amount: 5200,
      },
      ...due(first, until, HOUR).flatMap((end) =>
        hour(end, random, (i) => (i === COSTLY.integration && until - end < COSTLY.hours * HOUR ? COSTLY.times : 1)),
      ),
    ];
  },
};
