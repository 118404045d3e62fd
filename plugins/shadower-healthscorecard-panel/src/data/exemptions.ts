import { type EntityScore, type Exemption } from './model';
import { matcher } from './pattern';
import { toTime } from './values';

/** One declaration, from a frame or from the options. */
export interface ExemptionClaim extends Exemption {
  entity: string;
  /** Empty for the whole entity. */
  term: string;
}

/** End of an exemption of the options: ISO 8601, in UTC where it names no time zone. Null for what is no time. */
export const expiryOf = (text: string): number | null => toTime(/T[\d:.]+$/.test(text) ? `${text}Z` : text);

/** `open`: without an end that can be read. Somebody has to look at it, so it does not count as exempt. */
export type ExemptionState = 'active' | 'expired' | 'open';

export function exemptionState({ expires }: Exemption, now: number): ExemptionState {
  return expires === null ? 'open' : expires > now ? 'active' : 'expired';
}

/**
 * Marks what the claims name; where several name the same, the one that lasts longest counts. Answers the claims that
 * name nothing: most often a thing that was renamed, and is not exempt any more.
 */
export function applyExemptions(entities: readonly EntityScore[], claims: readonly ExemptionClaim[]): ExemptionClaim[] {
  const later = (a: Exemption | null, b: Exemption) => (a && (a.expires ?? 0) >= (b.expires ?? 0) ? a : b);
  return claims.filter((claim) => {
    const { owner, expires, reason } = claim;
    const exemption = { owner, expires, reason };
    const entityIs = matcher(claim.entity);
    const termIs = matcher(claim.term);
    let used = false;
    for (const e of entities) {
      if (!entityIs(e.entity)) {
        continue;
      }
      if (claim.term === '') {
        e.exemption = later(e.exemption, exemption);
        used = true;
        continue;
      }
      for (const term of e.terms.filter((t) => termIs(t.id) || termIs(t.title))) {
        term.exemption = later(term.exemption, exemption);
        used = true;
      }
    }
    return !used;
  });
}
