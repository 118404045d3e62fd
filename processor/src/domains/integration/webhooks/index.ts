/** Webhooks: delivery, retries, dead letters, and the reliability made of them. */
import type { DomainPart } from '../../define';
import { webhookDelivery } from './events';
import { queries } from './queries';
import { deadLetters, deliveries } from './rollups';

const part: DomainPart = {
  events: [webhookDelivery],
  rollups: [deliveries, deadLetters],
  queries,
};
export default part;
