/** Webhooks: delivery, retries, dead letters, and the reliability made of them. */
import type { DomainPart } from '../../define';
import { alerts } from './alerts';
import { dashboards } from './dashboard';
import { demo } from './demo';
import { webhookDelivery } from './events';
import { webhookFindings } from './findings';
import { queries } from './queries';
import { deadLetters, deliveries } from './rollups';

const part: DomainPart = {
  events: [webhookDelivery],
  rollups: [deliveries, deadLetters],
  queries: [...queries, webhookFindings],
  alerts,
  dashboards,
  demo,
};
export default part;
