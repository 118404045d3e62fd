/** All findings of the domain: whatever query `integration_<part>_findings` its parts declare, put below each other. */
import type { DomainPart } from '../../define';
import { allFindings } from '../../../vocabulary/findings';
import { about } from './about';

const IS_FINDINGS = /^integration_[a-z_]+_findings$/;

/** The part that puts the findings of the other parts together. It must come after them. */
export function findingsOf(parts: readonly DomainPart[]): DomainPart {
  const of = parts.flatMap((p) => p.queries ?? []).flatMap((q) => (IS_FINDINGS.test(q.name) ? [q.name] : []));
  if (of.length === 0) return {};
  return {
    queries: [
      allFindings({
        ...about,
        name: 'integration_findings',
        title: 'Findings',
        description:
          'What is wrong with integrations, since when, with the figures that show it and what to do; the worst first.',
        rollup: 'integration_calls',
        of,
      }),
    ],
  };
}
