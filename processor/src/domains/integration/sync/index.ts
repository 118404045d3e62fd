/** Synchronisation of data with integrations, and the conflicts it meets. */
import type { DomainPart } from '../../define';
import { conflictQueries } from './conflicts';
import { syncConflict, syncOperation } from './events';
import { queries } from './queries';
import { conflicts, syncs } from './rollups';

const part: DomainPart = {
  events: [syncOperation, syncConflict],
  rollups: [syncs, conflicts],
  queries: [...queries, ...conflictQueries],
};
export default part;
