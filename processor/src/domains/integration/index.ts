import { compose } from '../define';
import calls from './calls';
import dependencies from './dependencies';
import { findingsOf } from './findings';
import { spans } from './otel';

const parts = [calls, dependencies];

export default compose(
  {
    name: 'integration',
    title: 'Integrations',
    description: 'Third-party integrations and the services that call them.',
    spans,
  },
  [...parts, findingsOf(parts)],
);
