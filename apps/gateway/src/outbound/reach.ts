import { type LookupAddress, type LookupAllOptions, lookup as lookupByDns } from 'node:dns';
import { type LookupFunction, isIP } from 'node:net';
import { isLoopbackAddress } from '@mcp-runtime/base';
import { type IsInRange, addressRanges } from '../address-ranges.ts';

/** Which addresses the other end of a connection of ours may have. */
export interface Reach {
  /** `host` is what the URL says: a name, or an address without brackets. */
  readonly allows: (address: string, host: string) => boolean;
}

/** How host names become addresses; `lookup` of node:dns unless a test brings its own. */
export type ResolveAll = (
  host: string,
  options: LookupAllOptions,
  callback: (error: NodeJS.ErrnoException | null, found: LookupAddress[]) => void,
) => void;

/** For what the operator names: a URL in the configuration, or the runtime's own servers. */
export const ANYWHERE: Reach = { allows: () => true };

/** For what others name: nothing that is not on the internet. */
export const PUBLIC_ONLY: Reach = { allows: isPublic };

/**
 * The internet, and ranges that the operator opens beside it. `loopback-by-name`: also this machine, where the URL itself says
 * so; a name that only resolves to it does not count.
 * @throws AppError `invalid_config` naming a range that is none.
 */
export function publicAnd(cidrs: readonly string[], loopback: 'closed' | 'loopback-by-name' = 'closed'): Reach {
  const isOpened = addressRanges(cidrs, '--allow-upstreams-in');
  const isDeclared = (address: string, host: string): boolean =>
    loopback === 'loopback-by-name' && isLoopbackAddress(host) && isLoopback(address);
  return { allows: (address, host) => isOpened(address) || isPublic(address) || isDeclared(address, host) };
}

/** The address could not be used, whatever else happens. */
export class AddressRefused extends Error {}

/**
 * For `connect`: looks up, checks every address that was found, and hands on exactly those. What was checked is what is
 * connected to, so a name cannot change its meaning in between (DNS rebinding). One bad address condemns the name.
 */
export function lookupWithin(reach: Reach, resolve: ResolveAll = lookupByDns): LookupFunction {
  return (host, options, callback) => {
    resolve(host, { ...options, all: true }, (error, found) => {
      if (error !== null) return callback(error, '');
      const [first] = found;
      const bad = found.find(({ address }) => !reach.allows(address, host));
      if (first === undefined || bad !== undefined) return callback(refusalOf(host), '');
      if (options.all === true) callback(null, found);
      else callback(null, first.address, first.family);
    });
  };
}

/** Why an address in the URL itself is refused: such a one is never looked up. */
export function literalRefusal({ hostname }: URL, reach: Reach): AddressRefused | undefined {
  const host = bareHost(hostname);
  return isIP(host) !== 0 && !reach.allows(host, host) ? refusalOf(host) : undefined;
}

/** A host as sockets take it: an IPv6 address without its brackets. */
export function bareHost(hostname: string): string {
  return hostname.replaceAll(/[[\]]/g, '');
}

function refusalOf(host: string): AddressRefused {
  return new AddressRefused(`\`${host}\` is not a public address, nor one that is allowed here`);
}

/** Of IPv6 only global unicast is on the internet (RFC 4291 §2.4); an IPv4-mapped address is judged as its IPv4 one. */
function isPublic(address: string): boolean {
  const isMapped = /^::ffff:\d+\./i.test(address);
  return !isReserved(address) && (isIP(address) === 4 || isMapped || isGlobalUnicast(address));
}

const isLoopback: IsInRange = addressRanges(['127.0.0.0/8', '::1/128']);

const isGlobalUnicast: IsInRange = addressRanges(['2000::/3']);

/** The special-purpose registries (RFC 6890), and what stands for an IPv4 address: Teredo and 6to4. */
const isReserved: IsInRange = addressRanges([
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
  '224.0.0.0/3',
  '2001::/23',
  '2001:db8::/32',
  '2002::/16',
  '3fff::/20',
]);
