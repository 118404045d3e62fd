import { edgeFrom } from '../../define';
import { dependency } from './events';

export const declaredEdges = edgeFrom(dependency, (e) => ({
  source: { kind: e.source_kind, id: e.source },
  target: { kind: e.target_kind, id: e.target },
  relation: e.dependency_type,
  origin: 'declared',
  criticality: e.criticality,
}));
