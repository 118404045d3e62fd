/** Declared dependencies. */
import type { DomainPart } from '../../define';
import { demo } from './demo';
import { declaredEdges } from './edges';
import { dependency } from './events';

const part: DomainPart = { events: [dependency], edges: [declaredEdges], demo };
export default part;
