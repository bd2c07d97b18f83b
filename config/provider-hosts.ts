/**
 * The hosts of identity providers. An organization's issuer decides where LeaseHawk connects to, so it must be at a
 * public address: services of a private network, of the cluster or of this machine are not for it to reach. The
 * operator can allow hosts by name.
 */
import { type LookupAddress, type LookupOptions, lookup } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';

/** Longest wait for the addresses of a name. */
const LOOKUP_MS = 2000;

/** IPv4 networks that are not public (IANA's registry of special-purpose addresses, RFC 6890), and multicast. */
const NOT_PUBLIC: [network: string, prefix: number][] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
];
/** Prefixes of IPv6 addresses that contain an IPv4 address: mapped ones, and those of NAT64 (RFC 6052). */
const CONTAINS_IPV4 = ['::ffff:', '64:ff9b::'];
/** Networks within 2000::/3 that are not public: protocols with Teredo, documentation, 6to4. */
const NOT_PUBLIC_IPV6: [network: string, prefix: number][] = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
];
/**
 * Names without a dot, and domains that only private networks have: clusters, clouds, multicast DNS (RFC 6762, 8375).
 */
const PRIVATE_NAME = /^[^.]+$|\.(localhost|local|internal|intranet|private|corp|home|lan|svc|home\.arpa)$/;

const refused = new BlockList();
for (const [network, prefix] of NOT_PUBLIC) {
  refused.addSubnet(network, prefix, 'ipv4');
  for (const start of CONTAINS_IPV4) refused.addSubnet(`${start}${network}`, 96 + prefix, 'ipv6');
}
for (const [network, prefix] of NOT_PUBLIC_IPV6) refused.addSubnet(network, prefix, 'ipv6');
/** Everything else in IPv6 is reserved, or of one link, site or machine. */
const globalIpv6 = new BlockList();
globalIpv6.addSubnet('2000::', 3, 'ipv6');
for (const start of CONTAINS_IPV4) globalIpv6.addSubnet(`${start}0.0.0.0`, 96, 'ipv6');

/** Whether an IP address is public. */
export function isPublicAddress(address: string): boolean {
  if (isIP(address) === 4) return !refused.check(address, 'ipv4');
  return isIP(address) === 6 && globalIpv6.check(address, 'ipv6') && !refused.check(address, 'ipv6');
}

/** Returns a host as it is compared: in the spelling of URLs, without brackets and the dot of the root. */
const comparable = (hostname: string) => hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '');

/** Parses a host name or address in any spelling. Returns undefined for other texts. */
function hostIn(text: string): string | undefined {
  const given = isIP(text) === 6 ? `[${text}]` : text;
  const url = `http://${given}`;
  if (/[/?#@*\\\s]/.test(given) || !URL.canParse(url)) return undefined;
  const { hostname, host } = new URL(url);
  return host === hostname && !/:\d*$/.test(given) ? comparable(hostname) : undefined;
}

/** A variable with hosts. */
const hosts = z
  .string()
  .transform((text, context) => {
    const hosts = text.split(',').map((host) => hostIn(host.trim()));
    if (hosts.every((host) => host !== undefined)) return hosts;
    context.addIssue({
      code: 'custom',
      message: 'is a comma-separated list of host names and addresses, without ports',
    });
    return z.NEVER;
  })
  .optional();

/** The identity providers that are allowed whatever their addresses. All three processes read it. */
export const SSO_ALLOWED_HOSTS = hosts.meta({
  description:
    'hosts of identity providers that may be at private addresses, separated by commas; the same at edges, userstores and the console',
  unset: 'none: issuers are at public addresses',
});

/** The endpoints of webhooks that are allowed whatever their addresses. The edge reads it. */
export const WEBHOOK_ALLOWED_HOSTS = hosts.meta({
  description: 'hosts of webhook endpoints that may be at private addresses, separated by commas',
  unset: 'none: endpoints are at public addresses',
});

/** A connection to a host that is refused. The message is a sentence without the full stop. */
export class RefusedHostError extends Error {}

type Resolve = (
  hostname: string,
  options: LookupOptions & { all: true },
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/** The rules of hosts. */
export type ProviderHosts = ReturnType<typeof createProviderHosts>;

/** Creates the rules of hosts. `allowed` are those of the variable that is named; `resolve` is for tests. */
export function createProviderHosts(
  allowed: readonly string[] = [],
  resolve: Resolve = lookup,
  variable = 'SSO_ALLOWED_HOSTS',
) {
  const remedy = `an operator can allow it with ${variable}`;
  const flawOf = (host: string, address?: string) =>
    address === undefined
      ? `${host} is not a public address; ${remedy}`
      : `${host} is at ${address}, which is not a public address; ${remedy}`;

  const isAllowed = (hostname: string) => allowed.includes(comparable(hostname));

  /** Returns the flaw of a host in the spelling of URLs, as far as it shows without a look-up. */
  function flawOfName(hostname: string): string | undefined {
    const host = comparable(hostname);
    if (isAllowed(host)) return undefined;
    if (isIP(host) > 0) return isPublicAddress(host) ? undefined : flawOf(host);
    return PRIVATE_NAME.test(host) ? `${host} is a name of private networks; ${remedy}` : undefined;
  }

  const flawOfAddresses = (hostname: string, addresses: LookupAddress[]) => {
    const found = isAllowed(hostname) ? undefined : addresses.find(({ address }) => !isPublicAddress(address));
    return found && flawOf(hostname, found.address);
  };

  return {
    flawOfName,

    /**
     * Likewise, including the addresses that the name has now. A name that cannot be looked up has no flaw, because a
     * userstore may have no access to public names; the edge checks the address of each connection.
     */
    async flawOfHost(hostname: string): Promise<string | undefined> {
      const flaw = flawOfName(hostname);
      const host = comparable(hostname);
      if (flaw !== undefined || isIP(host) > 0) return flaw;
      const found = new Promise<LookupAddress[]>((done) => {
        resolve(host, { all: true }, (error, addresses) => done(error ? [] : addresses));
      });
      const addresses = await Promise.race([found, sleep(LOOKUP_MS, [], { ref: false })]);
      return flawOfAddresses(host, addresses);
    },

    /**
     * Looks up the addresses of a connection, like dns.lookup, and fails with RefusedHostError if one is not public.
     * The connection goes to the addresses that were checked, so a name cannot change between check and use.
     * Connections to IP addresses do not call this: check them with `flawOfName`.
     */
    lookup: ((hostname, options, callback) => {
      resolve(hostname, { ...options, all: true }, (error, addresses) => {
        const flaw = error ? undefined : flawOfAddresses(hostname, addresses);
        const failure = flaw === undefined ? error : new RefusedHostError(flaw);
        const [first] = addresses ?? [];
        if (failure) callback(failure, []);
        else if (options.all) callback(null, addresses);
        else callback(null, first?.address ?? '', first?.family);
      });
    }) satisfies LookupFunction as LookupFunction,
  };
}
