import { BlockList, isIP } from 'node:net';
import { AppError } from '@mcp-runtime/api';

/** Says whether an address, as a socket or a resolver gives it, lies in one of the ranges. */
export type IsInRange = (address: string | undefined) => boolean;

/** @throws AppError `invalid_config` naming the range that is none, and the flag that it came from. */
export function addressRanges(cidrs: readonly string[], flag = 'addresses'): IsInRange {
  if (cidrs.length === 0) return () => false;
  const ranges = new BlockList();
  for (const cidr of cidrs) addRange(ranges, cidr, flag);
  return (given) => {
    const address = given?.replace(/^::ffff:(?=\d+\.)/i, '') ?? '';
    const family = isIP(address);
    return family !== 0 && ranges.check(address, family === 4 ? 'ipv4' : 'ipv6');
  };
}

function addRange(ranges: BlockList, cidr: string, flag: string): void {
  const [address = '', bits] = cidr.split('/');
  const family = isIP(address);
  const longest = family === 4 ? 32 : 128;
  const length = bits === undefined ? longest : Number(bits);
  if (family === 0 || !/^\d{1,3}$/.test(bits ?? '0') || length > longest) {
    throw new AppError('invalid_config', `${flag}: found \`${cidr}\`, allowed: a range such as 10.0.0.0/8 or fd00::/8`);
  }
  ranges.addSubnet(address, length, family === 4 ? 'ipv4' : 'ipv6');
}
