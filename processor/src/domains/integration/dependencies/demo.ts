/** The dependencies that the demo's shop declares. */
import type { DemoSource } from '../../define';
import { dependency } from './events';

const DEPENDENCIES: [string, string, string, number][] = [
  ['checkout', 'payments-eu', 'payment', 5],
  ['checkout', 'shipping', 'fulfilment', 4],
  ['storefront', 'search', 'data', 3],
  ['notify', 'mail', 'notification', 2],
  ['accounting', 'payments-eu', 'data', 3],
];

export const demo: DemoSource = {
  events(from, to) {
    const out: Record<string, unknown>[] = [];
    // Declarations are repeated once an hour, as a deployment would.
    if (Math.floor(from / 3600_000) !== Math.floor(to / 3600_000))
      for (const [source, target, dependency_type, criticality] of DEPENDENCIES)
        out.push({
          type: dependency.type,
          event_id: `demo-${source}-${target}-${Math.floor(to / 3600_000)}`,
          time: to - 1,
          source,
          target,
          dependency_type,
          criticality,
        });
    return out;
  },
};
