import { compose } from '../define';
import calls from './calls';
import dependencies from './dependencies';
import { findingsOf } from './findings';
import health from './health';
import { spans } from './otel';
import sync from './sync';
import webhooks from './webhooks';

const parts = [health, calls, sync, webhooks, dependencies];

export default compose(
  {
    name: 'integration',
    title: 'Integrations',
    description: 'Third-party integrations and the services that call them.',
    spans,
  },
  [...parts, findingsOf(parts)],
);
