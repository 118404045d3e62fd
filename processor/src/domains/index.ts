/** The registry. A domain is one folder and one line here. */
import type { Domain } from './define';
import intake from './intake';
import integration from './integration';

export const domains: readonly Domain[] = [integration, intake];

/** Query that lists what was refused; `dlq` reads it. */
export const DEAD_LETTERS = 'intake_dead_letters';
/** The same with their bytes, a page at a time. */
export const DEAD_LETTER_PAYLOADS = 'intake_dead_letter_payloads';
