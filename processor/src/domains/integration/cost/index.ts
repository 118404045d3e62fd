/** What integrations cost, what they bring in, and what of the cost is in vain. */
import type { DomainPart } from '../../define';
import { alerts } from './alerts';
import { dashboards } from './dashboard';
import { demo } from './demo';
import { costItem, valueGenerated } from './events';
import { queries } from './queries';
import { costs, values } from './rollups';

const part: DomainPart = {
  events: [costItem, valueGenerated],
  rollups: [costs, values],
  queries,
  alerts,
  dashboards,
  demo,
};
export default part;
