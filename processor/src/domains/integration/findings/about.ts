/** What the findings of every part have in common: `findings({ ...about, name: 'integration_<part>_findings', … })`. */
import { integrationParam } from '../params';

export const about = {
  entity: { column: 'integration', description: 'Integration' },
  params: integrationParam,
};
