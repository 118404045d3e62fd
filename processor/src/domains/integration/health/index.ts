/** Health: probes of the connection, authentication, ends of validity, and the score made of them and of the calls. */
import type { DomainPart } from '../../define';
import { auth, healthCheck } from './events';
import { queries } from './queries';
import { authentications, checks } from './rollups';

const part: DomainPart = { events: [healthCheck, auth], rollups: [checks, authentications], queries };
export default part;
