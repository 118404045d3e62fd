import { domain } from '../define';
import { alerts } from './alerts';
import { dashboards } from './dashboard';
import { queries } from './queries';

export default domain({
  name: 'intake',
  title: 'Intake',
  description: 'What became of everything that was sent to Shadower itself.',
  events: [],
  rollups: [],
  queries,
  alerts,
  dashboards,
  routes: [],
});
