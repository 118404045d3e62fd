/** Tests of integrations, and the endpoints that should have some. */
import { event, field } from '../../define';

export const testExecution = event({
  type: 'integration.test_execution',
  title: 'Test execution',
  description:
    'One run of one test against an integration: from a pipeline, a monitor, or the probes of Shadower itself.',
  privacy: 'operational',
  rawRetentionDays: 90,
  fields: {
    integration: field.name('Integration that was tested'),
    endpoint: field
      .name('Endpoint that was tested, written as in the inventory and in calls; left out, the test is about the whole')
      .optional(),
    method: field.name('HTTP method or operation; left out, the test stands for all of the endpoint').optional(),
    test_type: field.name('Kind of test, e.g. contract, functional, performance, security, connectivity'),
    test_name: field.name('Name of the test, the same in each run'),
    result: field.choice(
      ['passed', 'failed', 'error', 'skipped'],
      'error: the test itself could not run, which counts as not passed; skipped counts as not run',
    ),
    duration_ms: field.number('How long it took', 'ms', 0, 86_400_000).optional(),
    run_id: field.id('Run of a whole suite').optional(),
    source: field.name('Who ran it, e.g. the name of a pipeline').optional(),
    message: field.text('Why it did not pass', 2000).optional(),
  },
  example: {
    type: 'integration.test_execution',
    event_id: 'run-812-charges-contract',
    time: '2026-11-21T12:00:00.000Z',
    workspace: 'demo',
    integration: 'payments-eu',
    endpoint: '/v1/charges',
    method: 'POST',
    test_type: 'contract',
    test_name: 'charge is answered as agreed',
    result: 'passed',
    duration_ms: 412,
    run_id: 'run-812',
    source: 'nightly',
  },
});

export const endpointInventory = event({
  type: 'integration.endpoint_inventory',
  title: 'Endpoint of the inventory',
  description:
    'A declaration that an integration has an endpoint that is meant to be used, so that it is known what is not tested. The latest one counts, for 90 days.',
  privacy: 'operational',
  rawRetentionDays: 400,
  fields: {
    integration: field.name('Integration'),
    endpoint: field.name('Endpoint or operation, with identifiers replaced by placeholders'),
    method: field.name('HTTP method or operation; left out, the entry stands for all of the endpoint').optional(),
    critical: field.flag('Whether the business stands still without it').default(false),
    retired: field.flag('Whether it is not used any more').default(false),
    owner: field.name('Team that answers for it').optional(),
  },
  example: {
    type: 'integration.endpoint_inventory',
    event_id: 'inventory-payments-eu-charges',
    time: '2026-11-21T12:00:00.000Z',
    workspace: 'demo',
    integration: 'payments-eu',
    endpoint: '/v1/charges',
    method: 'POST',
    critical: true,
    owner: 'checkout',
  },
});
