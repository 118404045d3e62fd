/**
 * Which addresses a probe may connect to. Names are resolved once, every address is judged, and the connection goes to the
 * address that was judged, so that a name cannot resolve to something else afterwards (DNS rebinding).
 */
import { BlockList, isIP, isIPv6 } from 'node:net';

/** Networks that are not the public internet: IANA's special-purpose registries (RFC 6890 and later), and multicast. */
const SPECIAL: readonly string[] = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  // Of IPv6 only 2000::/3 is given out; these parts of it carry other addresses inside or are not routed.
  '2001::/23',
  '2001:db8::/32',
  '2002::/16',
  '3fff::/20',
];

/** Address and prefix length of a network such as 10.0.0.0/8, or of a single address. Undefined when it is neither. */
function parse(network: string): { address: string; prefix: number; family: 'ipv4' | 'ipv6' } | undefined {
  const [address = '', length, ...rest] = network.split('/');
  const version = isIP(address);
  const bits = version === 6 ? 128 : 32;
  const prefix = length === undefined ? bits : /^\d{1,3}$/.test(length) ? Number(length) : -1;
  if (version === 0 || rest.length > 0 || prefix < 0 || prefix > bits) return undefined;
  return { address, prefix, family: version === 6 ? 'ipv6' : 'ipv4' };
}

export const isNetwork = (text: string): boolean => parse(text) !== undefined;

function blockList(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const n of networks) {
    const p = parse(n);
    if (p === undefined) throw new RangeError(`${n} is no network`);
    list.addSubnet(p.address, p.prefix, p.family);
  }
  return list;
}

const special = blockList(SPECIAL);
const global6 = blockList(['2000::/3']);

/** An IPv4 address that is written as IPv6 (::ffff:10.0.0.1) is judged as what it is. */
function plain(address: string): string {
  const bare = address.split('%')[0]!;
  if (!isIPv6(bare)) return bare;
  const canonical = new URL(`http://[${bare}]/`).hostname.slice(1, -1);
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(canonical);
  if (mapped === null) return canonical;
  const [high, low] = [parseInt(mapped[1]!, 16), parseInt(mapped[2]!, 16)];
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

/** Judges addresses: public ones, and those of the networks that are allowed by name. */
export function addressRule(allowed: readonly string[]): (address: string) => boolean {
  const named = blockList(allowed);
  return (address) => {
    const a = plain(address);
    const version = isIP(a);
    if (version === 0) return false;
    const family = version === 6 ? 'ipv6' : 'ipv4';
    if (named.check(a, family)) return true;
    return !special.check(a, family) && (version === 4 || global6.check(a, family));
  };
}
