import { compose } from '../define';
import calls from './calls';
import cost from './cost';
import dependencies from './dependencies';
import { findingsOf } from './findings';
import health from './health';
import { spans } from './otel';
import security from './security';
import sync from './sync';
import tests from './tests';
import vendor from './vendor';
import webhooks from './webhooks';

const parts = [calls, health, sync, webhooks, dependencies, cost, security, tests, vendor];

export default compose(
  {
    name: 'integration',
    title: 'Integrations',
    description: 'Third-party integrations and the services that call them.',
    spans,
  },
  [...parts, findingsOf(parts)],
);
