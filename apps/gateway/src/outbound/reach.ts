import { type LookupAddress, type LookupAllOptions, lookup as lookupByDns } from 'node:dns';
import { type LookupFunction, isIP } from 'node:net';
import { type IsInRange, addressRanges } from '../address-ranges.ts';

/** Which addresses the other end of a connection of ours may have. */
export interface Reach {
  /** Differs between reaches that differ: a connection of one must not serve the other. */
  readonly name: string;
  readonly allows: (address: string) => boolean;
}

/** How host names become addresses; `lookup` of node:dns unless a test brings its own. */
export type ResolveAll = (
  host: string,
  options: LookupAllOptions,
  callback: (error: NodeJS.ErrnoException | null, found: LookupAddress[]) => void,
) => void;

/** For what the operator names: a URL in the configuration, or the runtime's own servers. */
export const ANYWHERE: Reach = { name: '', allows: () => true };

/** For what others name: nothing that is not on the internet. */
export const PUBLIC_ONLY: Reach = { name: 'public', allows: isPublic };

/** The internet, and ranges that the operator opens beside it. @throws AppError `invalid_config` naming a range that is none. */
export function publicAnd(cidrs: readonly string[]): Reach {
  if (cidrs.length === 0) return PUBLIC_ONLY;
  const isOpened = addressRanges(cidrs);
  const allows = (address: string): boolean => isOpened(address) || isPublic(address);
  return { name: `public ${cidrs.join(' ')}`, allows };
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
      const bad = found.find(({ address }) => !reach.allows(address));
      if (first === undefined || bad !== undefined) return callback(refusalOf(host), '');
      if (options.all === true) callback(null, found);
      else callback(null, first.address, first.family);
    });
  };
}

/** An address in the URL itself is never looked up. @throws AddressRefused */
export function checkLiteral({ hostname }: URL, reach: Reach): void {
  const host = bareHost(hostname);
  if (isIP(host) !== 0 && !reach.allows(host)) throw refusalOf(host);
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
