import { rollup, type EventOf } from '../../define';
import { testExecution } from './events';

type Execution = EventOf<typeof testExecution>;
const passed = (e: Execution): boolean => e.result === 'passed';
const notPassed = (e: Execution): boolean => e.result === 'failed' || e.result === 'error';
const ran = (e: Execution): boolean => passed(e) || notPassed(e);

/** Runs of each test. What was skipped has a row, so that it is known, and counts as nothing else. */
export const tests = rollup(testExecution, {
  name: 'integration_tests',
  title: 'Test runs per test',
  dimensions: {
    integration: { value: (e) => e.integration, description: 'Integration' },
    endpoint: { value: (e) => e.endpoint ?? '', description: 'Endpoint; empty for a test of the whole' },
    method: { value: (e) => e.method ?? '', description: 'Method; empty for all' },
    test_type: { value: (e) => e.test_type, description: 'Kind of test' },
    test_name: { value: (e) => e.test_name, description: 'Test' },
  },
  measures: {
    passed: {
      kind: 'sum',
      integer: true,
      value: (e) => (passed(e) ? 1 : 0),
      unit: 'short',
      description: 'Runs passed',
    },
    failed: {
      kind: 'sum',
      integer: true,
      value: (e) => (notPassed(e) ? 1 : 0),
      unit: 'short',
      description: 'Runs that failed or could not run',
    },
    skipped: {
      kind: 'sum',
      integer: true,
      value: (e) => (e.result === 'skipped' ? 1 : 0),
      unit: 'short',
      description: 'Runs skipped',
    },
    duration: { kind: 'histogram', value: (e) => e.duration_ms, unit: 'ms', description: 'Duration' },
    last_run: {
      kind: 'max',
      value: (e) => (ran(e) ? e.time / 1000 : null),
      unit: 'dateTimeAsIso',
      description: 'Last run that was not skipped',
    },
    last_passed: {
      kind: 'max',
      value: (e) => (passed(e) ? e.time / 1000 : null),
      unit: 'dateTimeAsIso',
      description: 'Last run that passed',
    },
    last_failed: {
      kind: 'max',
      value: (e) => (notPassed(e) ? e.time / 1000 : null),
      unit: 'dateTimeAsIso',
      description: 'Last run that did not pass',
    },
    first_failed: {
      kind: 'min',
      value: (e) => (notPassed(e) ? e.time / 1000 : null),
      unit: 'dateTimeAsIso',
      description: 'First run that did not pass',
    },
  },
});
