/** Synchronisation of data with integrations, and the conflicts it meets. */
import type { DomainPart } from '../../define';
import { alerts } from './alerts';
import { dashboards } from './dashboard';
import { demo } from './demo';
import { conflictQueries } from './conflicts';
import { syncConflict, syncOperation } from './events';
import { syncFindings } from './findings';
import { queries } from './queries';
import { conflicts, syncs } from './rollups';
import { routes } from './routes';

const part: DomainPart = {
  events: [syncOperation, syncConflict],
  rollups: [syncs, conflicts],
  queries: [...queries, ...conflictQueries, syncFindings],
  alerts,
  dashboards,
  routes,
  demo,
};
export default part;
