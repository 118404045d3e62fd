/** Who depends on whom, as declared. */
import { event, field } from '../../define';
import { ENTITY_KINDS } from '../kinds';

export const dependency = event({
  type: 'integration.dependency',
  title: 'Dependency',
  description: 'A declaration that one entity depends on another, apart from what calls show.',
  privacy: 'operational',
  rawRetentionDays: 400,
  fields: {
    source: field.name('Who depends'),
    source_kind: field.choice(ENTITY_KINDS, 'What the source is').default('service'),
    target: field.name('On whom it depends'),
    target_kind: field.choice(ENTITY_KINDS, 'What the target is').default('integration'),
    dependency_type: field.name('Nature of the dependency, e.g. auth, data, payment'),
    criticality: field.number('1 (nice to have) to 5 (nothing works without it)', 'none', 1, 5).optional(),
  },
  example: {
    type: 'integration.dependency',
    event_id: 'dep-checkout-payments',
    time: '2026-11-21T12:00:00.000Z',
    workspace: 'demo',
    source: 'checkout',
    target: 'payments-eu',
    dependency_type: 'payment',
    criticality: 5,
  },
});
