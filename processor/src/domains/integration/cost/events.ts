/** What integrations cost beside the price of single calls, and what they bring in. */
import { event, field } from '../../define';

/** The source document's kinds of cost (§6.1). */
export const COST_KINDS = ['api_calls', 'data_transfer', 'storage', 'compute', 'third_party_fees'] as const;
/** How often a charge comes, in the terms of the FinOps Open Cost and Usage Specification (FOCUS, ChargeFrequency). */
export const CHARGE_FREQUENCIES = ['usage_based', 'recurring', 'one_time'] as const;

export const costItem = event({
  type: 'integration.cost_item',
  title: 'Cost item',
  description:
    'One line of a bill. It counts at its time, so usage is best sent by the hour or day. Amounts are in one currency, US dollars.',
  privacy: 'financial',
  rawRetentionDays: 400,
  fields: {
    integration: field.name('Integration that causes the cost'),
    provider: field.name('Who is paid').optional(),
    cost_kind: field.choice(COST_KINDS, 'What is paid for'),
    charge_frequency: field
      .choice(
        CHARGE_FREQUENCIES,
        'usage_based: for what was used; recurring: a fee for a period; one_time: setting it up, kept apart from the running cost',
      )
      .default('usage_based'),
    amount: field.number('What it costs', 'currencyUSD', 0, 1e9),
    plan: field.name('Plan or tier that is charged').optional(),
    quantity: field.number('How much was used', 'short').optional(),
    quantity_unit: field.name('Unit of quantity and included, e.g. calls, GB, hours').optional(),
    included: field
      .number('How much the amount pays for, used or not; with quantity it tells what is paid for in vain', 'short')
      .optional(),
  },
  example: {
    type: 'integration.cost_item',
    event_id: 'bill-2026-11-20-payments-eu-transfer',
    time: '2026-11-21T00:00:00.000Z',
    workspace: 'demo',
    integration: 'payments-eu',
    provider: 'stripe',
    cost_kind: 'data_transfer',
    amount: 4.18,
    quantity: 46.4,
    quantity_unit: 'GB',
  },
});

export const valueGenerated = event({
  type: 'integration.value',
  title: 'Value generated',
  description: 'What an integration brought in or saved, as whoever sends it accounts for it.',
  privacy: 'financial',
  rawRetentionDays: 400,
  fields: {
    integration: field.name('Integration that brought it in'),
    value_kind: field.name('What it is, e.g. orders, fees_saved, hours_saved'),
    amount: field.number('What it is worth', 'currencyUSD', 0, 1e12),
  },
  example: {
    type: 'integration.value',
    event_id: 'value-2026-11-20-payments-eu',
    time: '2026-11-21T00:00:00.000Z',
    workspace: 'demo',
    integration: 'payments-eu',
    value_kind: 'orders',
    amount: 912.4,
  },
});
