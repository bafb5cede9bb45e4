import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { type SessionPlace, type SessionSeal, createSessionSeal, holdSealKeys } from '@mcp-runtime/gateway';
import { mutate } from './mutate.ts';
import { type Random } from './random.ts';
import { type Target } from './target.ts';

interface Sealer {
  readonly seal: SessionSeal;
  /** Numbers of the keys that it opens with; the first seals. */
  readonly keys: readonly [number, ...number[]];
}

/** A sealed id opens for whom and where it was made, while its key is there, and in no other case whatever is done to it. */
export function sealTarget(): Target {
  const keys = [randomBytes(32), randomBytes(32), randomBytes(32)] as const;
  const sealer = (...numbers: [0 | 1 | 2, ...(0 | 1 | 2)[]]): Sealer => ({
    seal: createSessionSeal(holdSealKeys(numbers.map((number) => keys[number]))),
    keys: numbers,
  });
  const sealers = [sealer(0), sealer(1), sealer(1, 0), sealer(2, 1), sealer(2, 1, 0)] as const;
  return {
    run: (random) => {
      const id = sessionId(random);
      const [maker, reader] = [random.pick(sealers), random.pick(sealers)];
      const made = place(random);
      const used = random.once(2) ? made : place(random);
      const sealed = maker.seal.seal(id, made);
      const given = random.once(2) ? sealed : mutate(Buffer.from(sealed, 'latin1'), random).toString('latin1');
      const isSame = given === sealed && isSamePlace(made, used) && reader.keys.includes(maker.keys[0]);
      assert.equal(reader.seal.open(given, used), isSame && given.length <= MAX_LENGTH ? id : undefined);
    },
  };
}

const MAX_LENGTH = 4096;

/** Any text that a server may send in a header, and some that it may not. */
function sessionId(random: Random): string {
  const length = 1 + (random.once(50) ? random.below(5000) : random.below(80));
  return Array.from({ length }, () => String.fromCharCode(0x20 + random.below(random.once(40) ? 0x300 : 0x5f))).join(
    '',
  );
}

/** Places that differ in one part, and parts that would be the same if they were only put one after the other. */
function place(random: Random): SessionPlace {
  const name = random.pick(['a', 'ab', '', 'a","b']);
  return {
    path: random.pick(['/a/mcp', '/ab/mcp', '/A/mcp']),
    key: { namespace: random.pick(['n', 'na', '']), name },
    upstream: new URL(random.pick(['http://127.0.0.1:1/mcp', 'http://127.0.0.1:2/mcp', 'http://127.0.0.1:1/mcp/'])),
    identity: {
      human: random.pick(['h', 'ha', '', 'h","']),
      agent: random.pick(['a', 'aa', '']),
      team: random.pick(['t', '', 'at']),
      session: random.pick(['s1', 's2']),
    },
  };
}

/** By the parts themselves; an agent session is no part, as its holder may renew it. */
function isSamePlace(a: SessionPlace, b: SessionPlace): boolean {
  const { human, agent, team } = a.identity;
  const isSameServer = a.path === b.path && a.key.namespace === b.key.namespace && a.key.name === b.key.name;
  const isSameCaller = human === b.identity.human && agent === b.identity.agent && team === b.identity.team;
  return isSameServer && isSameCaller && a.upstream.href === b.upstream.href;
}
