/** Kinds of entity that integration events speak about. */
export const ENTITY_KINDS = ['integration', 'service', 'database'] as const;
