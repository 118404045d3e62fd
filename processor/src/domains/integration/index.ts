import { compose } from '../define';
import calls from './calls';
import dependencies from './dependencies';
import { spans } from './otel';

export default compose(
  {
    name: 'integration',
    title: 'Integrations',
    description: 'Third-party integrations and the services that call them.',
    spans,
  },
  [calls, dependencies],
);
