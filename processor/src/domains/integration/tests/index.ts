/** Tests of integrations: what is covered, what fails, and what has not run for long. */
import type { DomainPart } from '../../define';
import { alerts } from './alerts';
import { dashboards } from './dashboard';
import { demo } from './demo';
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
  demo,
  routes,
};
export default part;
