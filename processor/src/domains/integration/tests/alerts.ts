import type { AlertDef } from '../../define';
import { COVERAGE_DAYS, STALE_DAYS } from './coverage';

/** What all rules of this part have in common: they compare one point per integration, made of the last 30 days. */
const rule = {
  query: 'integration_test_window',
  reduce: 'last',
  windowSeconds: 600,
  stepSeconds: 300,
  // Who sends neither tests nor an inventory has nothing that could fail.
  absence: 'fine',
  dashboard: 'integration-tests',
} as const;

export const alerts: AlertDef[] = [
  {
    ...rule,
    name: 'integration-test-failing',
    title: 'Integration test fails',
    column: 'failing_tests',
    condition: { op: 'gt', value: 0 },
    forSeconds: 0,
    severity: 'warning',
    summary: '{{ $values.B.Value }} test(s) of {{ $labels.integration }} did not pass the last time they ran',
    runbook:
      'The last run of at least one test did not pass. Open the Integration tests dashboard, choose the integration, and look at "Tests": what fails stands first, with since when. Compare with the Integrations dashboard: when the same endpoint fails for callers too, treat it as an incident of the integration; when only the test fails, look at what it expects, at its credentials and at what the provider announced. The rule resolves with the next run that passes.',
  },
  {
    ...rule,
    name: 'integration-critical-untested',
    title: 'Critical endpoint is not tested',
    column: 'untested_critical',
    condition: { op: 'gt', value: 0 },
    forSeconds: 0,
    severity: 'warning',
    summary: `{{ $values.B.Value }} critical endpoint(s) of {{ $labels.integration }} had no test run for ${COVERAGE_DAYS} days`,
    runbook: `The inventory calls an endpoint critical, and no test of it ran in the last ${COVERAGE_DAYS} days: a change of the provider would be noticed by customers first. "Endpoints" on the Integration tests dashboard lists it with its owner. Add a contract test, see whether its pipeline still runs, or correct the inventory.`,
  },
  {
    ...rule,
    name: 'integration-tests-stale',
    title: 'Integration tests are stale',
    column: 'staleness',
    condition: { op: 'gt', value: STALE_DAYS * 86_400 },
    forSeconds: 0,
    severity: 'info',
    summary: 'A test of {{ $labels.integration }} has not run for {{ humanizeDuration $values.B.Value }}',
    runbook: `The test that has not run for longest is older than ${STALE_DAYS} days, so what it says about the integration is history. "Tests" on the Integration tests dashboard lists what is stale. Find out whether its pipeline is switched off or broken. A test that is not wanted any more disappears 90 days after its last run.`,
  },
];
