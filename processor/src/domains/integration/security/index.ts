/** Security of integrations: authentication, attempts, weaknesses, controls, the audit trail, and the risk made of them. */
import type { DomainPart } from '../../define';
import { alerts } from './alerts';
import { dashboards } from './dashboard';
import { demo } from './demo';
import { securityEvent } from './events';
import { queries } from './queries';
import { securityEvents } from './rollups';

const part: DomainPart = { events: [securityEvent], rollups: [securityEvents], queries, alerts, dashboards, demo };
export default part;
