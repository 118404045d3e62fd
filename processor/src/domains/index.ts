/** The registry. A domain is one folder and one line here. */
import type { Domain } from './define';
import integration from './integration';

export const domains: readonly Domain[] = [integration];
