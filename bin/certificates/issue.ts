/**
 * Creates X.509 certificates for development and tests: a CA and the certificates that it issues. RSA keys, SHA-256.
 */
import { randomBytes } from 'node:crypto';
import { isIP } from 'node:net';
import { promisify } from 'node:util';
import forge from 'node-forge';

const DAY_MS = 86_400_000;
const KEY_BITS = 2048;
/** Time by which certificates are valid before now, because clocks of other machines may be behind. */
const EARLIER_MS = 3_600_000;

/** The beginnings of the URIs that name a caller's role and organizations. */
const ROLE_URN = 'urn:leasehawk:role:';
const ORGANIZATION_URN = 'urn:leasehawk:organization:';

/** A certificate with its private key, in PEM form. */
export interface Issued {
  /** The certificate, followed by that of the CA. */
  cert: string;
  key: string;
}

/** The subject of a certificate. */
export interface Subject {
  commonName: string;
  /** DNS names and IP addresses of the server. */
  hosts?: string[];
  /** The role of the caller in userstore. */
  role?: string;
  /** The ids of the organizations that the caller is held to; none: it may see all. */
  organizationIds?: string[];
  /** Validity; a negative number makes an expired certificate. */
  days: number;
}

/** Creates a CA that is valid for `days`. */
export async function createCa(commonName: string, days: number): Promise<Issued> {
  const keys = await newKeys();
  const certificate = unsigned(keys.publicKey, commonName, days);
  certificate.setIssuer(certificate.subject.attributes);
  certificate.setExtensions([
    { name: 'basicConstraints', cA: true, pathLenConstraint: 0, critical: true },
    { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    { name: 'subjectKeyIdentifier' },
  ]);
  certificate.sign(keys.privateKey, forge.md.sha256.create());
  return { cert: forge.pki.certificateToPem(certificate), key: forge.pki.privateKeyToPem(keys.privateKey) };
}

/** Issues a certificate of the CA for a server, a client, or both. */
export async function issue(
  ca: Issued,
  { commonName, hosts = [], role, organizationIds = [], days }: Subject,
): Promise<Issued> {
  const issuer = forge.pki.certificateFromPem(ca.cert);
  const keys = await newKeys();
  const certificate = unsigned(keys.publicKey, commonName, days);
  certificate.setIssuer(issuer.subject.attributes);
  const names = [
    ...hosts.map((host) => (isIP(host) ? { type: 7, ip: host } : { type: 2, value: host })),
    ...(role === undefined ? [] : [{ type: 6, value: `${ROLE_URN}${role}` }]),
    ...organizationIds.map((id) => ({ type: 6, value: `${ORGANIZATION_URN}${id}` })),
  ];
  certificate.setExtensions([
    { name: 'basicConstraints', cA: false, critical: true },
    { name: 'keyUsage', digitalSignature: true, keyEncipherment: true, critical: true },
    { name: 'extKeyUsage', serverAuth: hosts.length > 0, clientAuth: true },
    { name: 'authorityKeyIdentifier', keyIdentifier: issuer.generateSubjectKeyIdentifier().getBytes() },
    ...(names.length > 0 ? [{ name: 'subjectAltName', altNames: names }] : []),
  ]);
  certificate.sign(forge.pki.privateKeyFromPem(ca.key), forge.md.sha256.create());
  const cert = `${forge.pki.certificateToPem(certificate)}${ca.cert}`;
  return { cert, key: forge.pki.privateKeyToPem(keys.privateKey) };
}

/** Returns the hosts in a certificate. */
export function hostsOf(cert: string): string[] {
  const names = forge.pki.certificateFromPem(cert).getExtension('subjectAltName') as AlternativeNames | null;
  return (names?.altNames ?? []).flatMap(({ type, value, ip }) => (type === 7 ? (ip ?? []) : type === 2 ? value : []));
}

/** Returns the caller in a certificate; undefined if it names no role. */
export function callerIn(cert: string): Omit<Subject, 'days'> | undefined {
  const certificate = forge.pki.certificateFromPem(cert);
  const names = certificate.getExtension('subjectAltName') as AlternativeNames | null;
  const uris = (names?.altNames ?? []).filter(({ type }) => type === 6).map(({ value }) => value);
  const after = (urn: string) => uris.filter((uri) => uri.startsWith(urn)).map((uri) => uri.slice(urn.length));
  const [role] = after(ROLE_URN);
  const commonName = certificate.subject.getField('CN')?.value as string | undefined;
  return role && commonName ? { commonName, role, organizationIds: after(ORGANIZATION_URN) } : undefined;
}

/** The part of an extension that forge's types omit. */
interface AlternativeNames {
  altNames: { type: number; value: string; ip?: string }[];
}

const newKeys = () => promisify(forge.pki.rsa.generateKeyPair)({ bits: KEY_BITS });

function unsigned(publicKey: forge.pki.rsa.PublicKey, commonName: string, days: number): forge.pki.Certificate {
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = publicKey;
  // Positive and unpredictable (RFC 5280 section 4.1.2.2). "01" prevents a redundant leading zero, which is invalid
  // DER.
  certificate.serialNumber = `01${randomBytes(16).toString('hex')}`;
  const end = Date.now() + days * DAY_MS;
  certificate.validity.notBefore = new Date(Math.min(Date.now(), end) - EARLIER_MS);
  certificate.validity.notAfter = new Date(end);
  certificate.setSubject([{ name: 'commonName', value: commonName }]);
  return certificate;
}
