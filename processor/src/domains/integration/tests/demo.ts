/** A suite every five minutes against the demo's providers, an inventory, and one test that nobody runs any more. */
import type { DemoSource } from '../../define';
import { due } from '../due';
import { endpointInventory, testExecution } from './events';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** Kinds of test, how often they run, and how long they take. */
const KINDS = [
  { test_type: 'contract', every: 5 * MINUTE, ms: 300 },
  { test_type: 'functional', every: HOUR, ms: 1800 },
  { test_type: 'performance', every: 6 * HOUR, ms: 9000 },
] as const;
/** The demo's shop, as its calls have it. */
const SHOP: readonly { integration: string; owner: string; endpoints: readonly [method: string, path: string][] }[] = [
  {
    integration: 'payments-eu',
    owner: 'checkout',
    endpoints: [
      ['POST', '/v1/charges'],
      ['POST', '/v1/refunds'],
      ['GET', '/v1/customers/{id}'],
    ],
  },
  {
    integration: 'crm',
    owner: 'sync',
    endpoints: [
      ['GET', '/services/data/query'],
      ['POST', '/services/data/v48.0/sobjects'],
    ],
  },
  { integration: 'chat', owner: 'notify', endpoints: [['POST', '/api/chat.postMessage']] },
  { integration: 'mail', owner: 'notify', endpoints: [['POST', '/v3/mail/send']] },
  {
    integration: 'shipping',
    owner: 'checkout',
    endpoints: [
      ['GET', '/rates'],
      ['POST', '/shipments'],
    ],
  },
  { integration: 'search', owner: 'storefront', endpoints: [['POST', '/1/indexes/{name}/query']] },
];
/** Who has the incidents: one in each half day, as in the calls. */
const ill = (time: number): string => ['payments-eu', 'shipping'][Math.floor(time / (DAY / 2)) % 2]!;
/** What is critical and tested, and what is critical and was forgotten. */
const CRITICAL = new Set(['/v1/charges', '/shipments']);
const FORGOTTEN = { integration: 'payments-eu', endpoint: '/v1/payouts', method: 'POST' };

const inventory = (time: number): Record<string, unknown>[] => [
  ...SHOP.flatMap((p) =>
    p.endpoints.map(([method, endpoint]) => ({
      type: endpointInventory.type,
      event_id: `demo-inventory-${p.integration}-${endpoint}-${time}`,
      time,
      integration: p.integration,
      endpoint,
      method,
      critical: CRITICAL.has(endpoint),
      owner: p.owner,
    })),
  ),
  {
    ...FORGOTTEN,
    type: endpointInventory.type,
    event_id: `demo-inventory-forgotten-${time}`,
    time,
    critical: true,
    owner: 'billing',
  },
];

/** The runs of one kind at one moment. The chat's functional tests were never written. */
const suite = (
  kind: (typeof KINDS)[number],
  time: number,
  random: () => number,
  incident: number,
): Record<string, unknown>[] =>
  SHOP.flatMap((p) =>
    kind.test_type !== 'contract' && p.integration === 'chat'
      ? []
      : p.endpoints.map(([method, endpoint]) => {
          const broken = p.integration === ill(time) && incident > 0.3 && random() < 0.9;
          const result = broken ? 'failed' : random() < 0.004 ? 'error' : 'passed';
          return {
            type: testExecution.type,
            event_id: `demo-test-${p.integration}-${endpoint}-${kind.test_type}-${time}`,
            time,
            integration: p.integration,
            endpoint,
            method,
            test_type: kind.test_type,
            test_name: `${kind.test_type} of ${endpoint}`,
            result,
            duration_ms: Math.round(kind.ms * (0.6 + 0.8 * random()) * (broken ? 4 : 1)),
            run_id: `demo-run-${kind.test_type}-${time}`,
            source: 'monitor',
            ...(result === 'passed'
              ? {}
              : { message: broken ? 'the answer is not as agreed: status 503' : 'the runner was restarted' }),
          };
        }),
  );

export const demo: DemoSource = {
  events(from, to, random, incident) {
    return [
      ...due(from, to, HOUR).flatMap(inventory),
      ...KINDS.flatMap((kind) => due(from, to, kind.every).flatMap((t) => suite(kind, t, random, incident))),
    ];
  },
  history(until, random) {
    return [
      ...inventory(until - DAY),
      ...KINDS.flatMap((kind) => due(until - 20 * DAY, until, DAY, 3 * HOUR).flatMap((t) => suite(kind, t, random, 0))),
      {
        type: testExecution.type,
        event_id: `demo-test-stale-${until}`,
        time: until - 12 * DAY,
        integration: 'mail',
        endpoint: '/v3/mail/send',
        method: 'POST',
        test_type: 'security',
        test_name: 'sender cannot be forged',
        result: 'passed',
        duration_ms: 5400,
        source: 'by hand',
      },
    ];
  },
};
