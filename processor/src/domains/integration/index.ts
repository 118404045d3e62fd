import { domain } from '../define';
import { alerts } from './alerts';
import { dashboards } from './dashboard';
import { demo } from './demo';
import { apiCall, dependency } from './events';
import { spans } from './otel';
import { queries } from './queries';
import { callEdges, calls, declaredEdges, serviceAliases } from './rollups';
import { routes } from './routes';

export default domain({
  name: 'integration',
  title: 'Integrations',
  description: 'Third-party integrations and the services that call them.',
  events: [apiCall, dependency],
  rollups: [calls],
  edges: [callEdges, declaredEdges],
  aliases: [serviceAliases],
  queries,
  alerts,
  dashboards,
  routes,
  spans,
  demo,
});
