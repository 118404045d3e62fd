/** Calls to integrations: traffic, failures, response time, quota, and the health made of them. */
import type { DomainPart } from '../../define';
import { alerts } from './alerts';
import { dashboards } from './dashboard';
import { demo } from './demo';
import { apiCall } from './events';
import { queries } from './queries';
import { callEdges, calls, quotas, serviceAliases, troubles } from './rollups';
import { routes } from './routes';

const part: DomainPart = {
  events: [apiCall],
  rollups: [calls, troubles, quotas],
  edges: [callEdges],
  aliases: [serviceAliases],
  queries,
  alerts,
  dashboards,
  routes,
  demo,
};
export default part;
