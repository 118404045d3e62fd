/** Tests of integrations: what is covered, what fails, and what has not run for long. */
import type { DomainPart } from '../../define';
import { alerts } from './alerts';
import { dashboards } from './dashboard';
import { endpointInventory, testExecution } from './events';
import { queries } from './queries';
import { tests } from './rollups';
import { routes } from './routes';

const part: DomainPart = {
  events: [testExecution, endpointInventory],
  rollups: [tests],
  queries,
  alerts,
  dashboards,
  routes,
};
export default part;
