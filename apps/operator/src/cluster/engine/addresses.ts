import { type Clock } from '@mcp-runtime/base';

/** Addresses of host names, looked up beside the work that needs them. */
export interface AddressBook {
  /** What is known now; asks again what was asked too long ago, and tells when something new comes of it. */
  of(hosts: readonly string[], onChange: () => void): Readonly<Record<string, readonly string[]>>;
}

/** Rejects for a name that has no address. */
export type Resolve = (host: string) => Promise<readonly string[]>;

const FRESH_MS = 60_000;
/** Names with many addresses tell some of them at a time: those that were told a while ago still count. */
const KEPT_MS = 3_600_000;

interface Entry {
  askedAt: number;
  readonly seenAt: Map<string, number>;
}

export function createAddressBook(resolve: Resolve, clock: Clock): AddressBook {
  const entries = new Map<string, Entry>();

  async function ask(host: string, entry: Entry, onChange: () => void): Promise<void> {
    const before = addressesOf(entry).join();
    const found = await resolve(host).catch(() => []);
    for (const address of found) entry.seenAt.set(address, clock());
    for (const [address, at] of entry.seenAt) if (clock() - at > KEPT_MS) entry.seenAt.delete(address);
    if (addressesOf(entry).join() !== before) onChange();
  }

  return {
    of: (hosts, onChange) =>
      Object.fromEntries(
        hosts.map((host) => {
          const entry = entries.get(host) ?? { askedAt: Number.NEGATIVE_INFINITY, seenAt: new Map<string, number>() };
          entries.set(host, entry);
          if (clock() - entry.askedAt > FRESH_MS) {
            entry.askedAt = clock();
            void ask(host, entry, onChange);
          }
          return [host, addressesOf(entry)];
        }),
      ),
  };
}

function addressesOf({ seenAt }: Entry): readonly string[] {
  return [...seenAt.keys()].toSorted();
}
