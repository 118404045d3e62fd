import { rollup, type EventOf } from '../../define';
import { securityEvent } from './events';

/** Whether somebody got what is not theirs: an attempt said not to be refused, or an exposure that was not stopped. */
const isBreach = (e: EventOf<typeof securityEvent>): boolean =>
  (e.category === 'unauthorized_access' && e.blocked === false) ||
  (e.category === 'data_exposure' && e.state === 'open' && e.blocked !== true);

/** Counts over time. What needs the latest state of an issue or a control reads the events themselves: they are few. */
export const securityEvents = rollup(securityEvent, {
  name: 'integration_security_events',
  title: 'Security events',
  dimensions: {
    integration: { value: (e) => e.integration, description: 'Integration' },
    category: { value: (e) => e.category, description: 'What it is' },
    severity: { value: (e) => e.severity, description: 'low, medium, high or critical' },
  },
  measures: {
    events: { kind: 'count', value: () => 1, unit: 'short', description: 'Events' },
    breaches: {
      kind: 'sum',
      integer: true,
      value: (e) => (isBreach(e) ? 1 : 0),
      unit: 'short',
      description: 'Attempts that were not refused, and exposures of data',
    },
    attributed: {
      kind: 'sum',
      integer: true,
      value: (e) => (e.actor === undefined ? 0 : 1),
      unit: 'short',
      description: 'Events that name who did it',
    },
    records: { kind: 'sum', integer: true, value: (e) => e.records, unit: 'short', description: 'Records concerned' },
  },
});
