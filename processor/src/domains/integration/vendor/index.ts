/** A report about one vendor that can be shared: what it delivered, what it cost, how safe and how tested it is. */
import type { DomainPart } from '../../define';
import { dashboards } from './dashboard';

const part: DomainPart = { dashboards };
export default part;
