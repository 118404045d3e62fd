/** Certificates with whatever dates and names a test needs, made here: an authority and what it signs (X.509, ECDSA P-256). */
import { createSign, generateKeyPairSync, randomBytes, type KeyObject } from 'node:crypto';

const der = (tag: number, ...parts: Buffer[]): Buffer => {
  const content = Buffer.concat(parts);
  const n = content.length;
  const length = n < 128 ? [n] : n < 256 ? [0x81, n] : [0x82, n >> 8, n & 255];
  return Buffer.concat([Buffer.from([tag, ...length]), content]);
};
const sequence = (...parts: Buffer[]): Buffer => der(0x30, ...parts);
const oid = (...bytes: number[]): Buffer => der(0x06, Buffer.from(bytes));
const ECDSA_SHA256 = sequence(oid(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02));
const name = (cn: string): Buffer => sequence(der(0x31, sequence(oid(0x55, 0x04, 0x03), der(0x0c, Buffer.from(cn)))));
const time = (at: Date): Buffer => der(0x18, Buffer.from(`${at.toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`));
const extension = (id: Buffer, value: Buffer): Buffer => sequence(id, der(0x01, Buffer.from([0xff])), der(0x04, value));
const pem = (cert: Buffer): string =>
  `-----BEGIN CERTIFICATE-----\n${cert
    .toString('base64')
    .match(/.{1,64}/g)!
    .join('\n')}\n-----END CERTIFICATE-----\n`;

export interface Issued {
  cert: string;
  key: string;
}
interface Authority extends Issued {
  issue(o: { hosts: string[]; from?: Date; to: Date }): Issued;
}

/** An authority that nobody trusts but who is given its certificate. */
export function authority(cn = 'test authority'): Authority {
  const day = 86_400_000;
  const root = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const make = (subject: string, publicKey: KeyObject, from: Date, to: Date, extensions: Buffer[]): string => {
    const body = sequence(
      der(0xa0, der(0x02, Buffer.from([2]))),
      der(0x02, Buffer.concat([Buffer.from([1]), randomBytes(15)])),
      ECDSA_SHA256,
      name(cn),
      sequence(time(from), time(to)),
      name(subject),
      publicKey.export({ type: 'spki', format: 'der' }),
      der(0xa3, sequence(...extensions)),
    );
    const signature = createSign('SHA256').update(body).sign(root.privateKey);
    return pem(sequence(body, ECDSA_SHA256, der(0x03, Buffer.from([0]), signature)));
  };
  const exported = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString();
  const isAuthority = extension(oid(0x55, 0x1d, 0x13), sequence(der(0x01, Buffer.from([0xff]))));
  return {
    cert: make(cn, root.publicKey, new Date(Date.now() - day), new Date(Date.now() + 365 * day), [isAuthority]),
    key: exported(root.privateKey),
    issue({ hosts, from = new Date(Date.now() - 30 * day), to }) {
      const own = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const names = extension(oid(0x55, 0x1d, 0x11), sequence(...hosts.map((h) => der(0x82, Buffer.from(h)))));
      return { cert: make(hosts[0]!, own.publicKey, from, to, [names]), key: exported(own.privateKey) };
    },
  };
}
