/** Health: probes of the connection, authentication, ends of validity, and the score made of them and of the calls. */
import type { DomainPart } from '../../define';
import { alerts } from './alerts';
import { demo } from './demo';
import { auth, healthCheck } from './events';
import { findingQueries } from './findings';
import { queries } from './queries';
import { routes } from './routes';
import { authentications, checks } from './rollups';

const part: DomainPart = {
  events: [healthCheck, auth],
  rollups: [checks, authentications],
  queries: [...queries, ...findingQueries],
  alerts,
  routes,
  demo,
};
export default part;
