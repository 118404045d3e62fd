import { rollup, type EventOf } from '../../define';
import { costItem, valueGenerated } from './events';

type CostItem = EventOf<typeof costItem>;

/** Share of an item that pays for what was not used, 0 to 1; undefined where it does not say how much it includes. */
const unusedShare = (e: CostItem): number | undefined =>
  e.included !== undefined && e.included > 0 && e.quantity !== undefined
    ? Math.max(0, 1 - e.quantity / e.included)
    : undefined;

/** Bills come by the hour at best, so there are no minutes. */
const retentionDays = { '1m': 0, '1h': 400, '1d': 1500 };
const integration = { value: (e: { integration: string }) => e.integration, description: 'Integration' };

export const costs = rollup(costItem, {
  name: 'integration_costs',
  title: 'Costs per integration and kind',
  retentionDays,
  dimensions: {
    integration,
    provider: { value: (e) => e.provider ?? '', description: 'Who is paid' },
    cost_kind: { value: (e) => e.cost_kind, description: 'What is paid for' },
    charge_frequency: { value: (e) => e.charge_frequency, description: 'usage_based, recurring or one_time' },
    plan: { value: (e) => e.plan ?? '', description: 'Plan or tier' },
    quantity_unit: { value: (e) => e.quantity_unit ?? '', description: 'Unit of the quantities' },
  },
  measures: {
    items: { kind: 'count', value: () => 1, unit: 'short', description: 'Lines of bills' },
    amount: { kind: 'sum', value: (e) => e.amount, unit: 'currencyUSD', description: 'Cost' },
    quantity: { kind: 'sum', value: (e) => e.quantity, unit: 'short', description: 'Used' },
    included: { kind: 'sum', value: (e) => e.included, unit: 'short', description: 'Paid for, used or not' },
    unused: {
      kind: 'sum',
      value: (e) => (unusedShare(e) === undefined ? undefined : e.amount * unusedShare(e)!),
      unit: 'currencyUSD',

      description: 'Cost of what was paid for and not used, of items that say so',
    },
  },
});

export const values = rollup(valueGenerated, {
  name: 'integration_value',
  title: 'Value generated per integration',
  retentionDays,
  dimensions: { integration, value_kind: { value: (e) => e.value_kind, description: 'What it is' } },
  measures: {
    items: { kind: 'count', value: () => 1, unit: 'short', description: 'Entries' },
    amount: { kind: 'sum', value: (e) => e.amount, unit: 'currencyUSD', description: 'Value' },
  },
});
