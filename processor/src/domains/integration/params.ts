/** Parameters that queries of several parts take. */
export const integrationParam = {
  integration: { type: 'string[]', description: 'Integrations; none means all', values: 'integration_names' },
} as const;
