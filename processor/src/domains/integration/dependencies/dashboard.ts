import type { DashboardDef, ValueMappings } from '../../define';

const selected = { entity: ['$entity'] };
const classes: ValueMappings = {
  critical_dependency: { text: 'critical', color: 'red' },
  important_dependency: { text: 'important', color: 'orange' },
  highly_dependent: { text: 'highly dependent', color: 'yellow' },
  normal: { color: 'transparent' },
};
const origins: ValueMappings = { observed: { color: 'orange' }, declared: { color: 'blue' } };

export const dashboards: DashboardDef[] = [
  {
    name: 'integration-dependencies',
    title: 'Integration dependencies',
    description: 'Who depends on whom, who is hit when something fails, and what nobody has declared.',
    tags: ['integration', 'dependencies'],
    from: 'now-24h',
    variables: [{ name: 'entity', label: 'Integration or service', query: 'integration_dependency_names' }],
    rows: [
      {
        title: 'Dependencies',
        panels: [
          {
            title: 'Graph',
            description:
              'Who calls whom. Thickness is the call rate, colour the failure share; dashed edges are declared. Click one to see its neighbours.',
            kind: 'graph',
            query: 'integration_dependencies',
            w: 14,
            h: 16,
          },
          {
            title: 'Who is hit when it fails',
            description: 'Everything that depends on it, the nearest first. Choose an integration or service above.',
            kind: 'table',
            query: 'integration_blast_radius',
            params: selected,
            w: 10,
            h: 16,
          },
          {
            title: 'Classes',
            description:
              'Critical: more than five depend on it directly; important: more than two; highly dependent: it depends on more than five.',
            kind: 'table',
            query: 'integration_dependency_classes',
            params: selected,
            styles: { classification: { cell: 'color-background', mappings: classes } },
            w: 24,
            h: 10,
          },
          {
            title: 'Declared and observed',
            description: 'What is seen and nobody declared stands first, then what is declared and was not seen.',
            kind: 'table',
            query: 'integration_dependency_edges',
            params: selected,
            styles: { origin: { cell: 'color-text', mappings: origins } },
            w: 24,
            h: 10,
          },
        ],
      },
    ],
  },
];
