/** Dependencies, declared and observed: classes, and who is hit when something fails. */
import type { DomainPart } from '../../define';
import { dashboards } from './dashboard';
import { demo } from './demo';
import { declaredEdges } from './edges';
import { dependency } from './events';
import { queries } from './queries';
import { routes } from './routes';

const part: DomainPart = { events: [dependency], edges: [declaredEdges], queries, dashboards, routes, demo };
export default part;
