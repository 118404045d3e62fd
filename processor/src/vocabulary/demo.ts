/** What demo sources share: when incidents are, and chance that can be asked again for any moment. */

/** An incident every 40 minutes: it rises over one minute, holds for ten and fades over one. 0 is calm, 1 its height. */
export function incidentAt(t: number): number {
  const PERIOD = 40 * 60_000;
  const START = 12 * 60_000;
  const minutes = ((t % PERIOD) - START) / 60_000;
  return Math.max(0, Math.min(1, minutes, 12 - minutes));
}

/** A number in [0, 1) that depends on the key alone (FNV-1a, then murmur3's finaliser). */
export function chance(key: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) h = Math.imul(h ^ key.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return ((h ^ (h >>> 16)) >>> 0) / 4_294_967_296;
}
