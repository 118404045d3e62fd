/** The table of findings on a dashboard, and their marks on its time axes. */
import type { AnnotationDef, QueryPanelDef } from '../../define';

/** @param query query of findings that the parameter `integration` filters */
export const findingsPanel = (query: string): QueryPanelDef => ({
  title: 'Findings',
  description:
    'What is wrong or could be better, since when, the figures that show it, and what to do; the worst first.',
  kind: 'table',
  query,
  columns: ['time', 'ended', 'integration', 'severity', 'title', 'evidence', 'action'],
  params: { integration: ['$integration'] },
  styles: {
    time: { width: 175 },
    ended: { width: 175 },
    integration: { width: 120 },
    severity: {
      width: 90,
      cell: 'color-text',
      mappings: { critical: { color: 'red' }, warning: { color: 'orange' }, info: { color: 'blue' } },
    },
    title: { wrap: true },
    evidence: { wrap: true },
    action: { wrap: true },
  },
  w: 24,
  h: 9,
});

export const findingsMarks = (query: string): AnnotationDef => ({
  name: 'Findings',
  query,
  params: { integration: ['$integration'] },
  color: 'orange',
});
