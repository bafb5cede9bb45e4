import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { test } from 'node:test';
import { listenOn } from '@mcp-runtime/base';
import { AddressRefused, PUBLIC_ONLY, type ResolveAll, literalRefusal, lookupWithin, publicAnd } from './reach.ts';

const PRIVATE = [
  ['this machine', '127.0.0.1', '127.255.0.9', '0.0.0.0', '::', '::1'],
  ['private use', '10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1', 'fc00::1', 'fdff::1', 'fec0::1'],
  ['link-local, where clouds keep credentials', '169.254.169.254', '169.254.170.2', 'fe80::1', 'fd00:ec2::254'],
  ['shared by carriers', '100.64.0.1', '100.100.100.200', '100.127.255.255'],
  ['several or all', '224.0.0.1', '239.255.255.250', '240.0.0.1', '255.255.255.255', 'ff02::1'],
  ['documentation and benchmarks', '192.0.2.1', '198.51.100.1', '203.0.113.1', '198.18.0.1', '2001:db8::1', '3fff::1'],
  ['IPv4-mapped', '::ffff:127.0.0.1', '::FFFF:10.0.0.1', '::ffff:7f00:1', '0:0:0:0:0:ffff:a9fe:a9fe'],
  ['IPv4-compatible and -translated', '::127.0.0.1', '::7f00:1', '::ffff:0:127.0.0.1', '::ffff:0:a00:1'],
  ['NAT64', '64:ff9b::127.0.0.1', '64:ff9b::a9fe:a9fe', '64:ff9b:1::a00:1'],
  ['6to4 and Teredo', '2002:7f00:1::', '2002:a00:1::1', '2001:0:4136:e378:8000:63bf:80ff:fffe', '2001::1'],
] as const;

for (const [what, ...addresses] of PRIVATE) {
  test(`not public: ${what}`, () => {
    for (const address of addresses) assert.equal(PUBLIC_ONLY.allows(address, address), false, address);
  });
}

test('public addresses are public, and an opened range opens that range only', () => {
  for (const address of ['8.8.8.8', '1.1.1.1', '172.32.0.1', '100.128.0.1', '2606:4700::1111', '::ffff:8.8.8.8']) {
    assert.equal(PUBLIC_ONLY.allows(address, address), true, address);
  }
  const opened = publicAnd(['10.1.0.0/16', 'fd00::/8']);
  const said = ['10.1.2.3', '::ffff:10.1.2.3', 'fd00::1', '8.8.8.8', '10.2.0.1', '127.0.0.1'].map((address) =>
    opened.allows(address, 'x.test'),
  );
  assert.deepEqual(said, [true, true, true, true, false, false]);
});

test('this machine is open to those who name it, and to no name that resolves to it', () => {
  const { allows } = publicAnd([], 'loopback-by-name');
  const named = [
    ['127.0.0.1', 'localhost'],
    ['::1', 'localhost'],
    ['127.0.0.2', '127.0.0.2'],
    ['::1', '::1'],
  ] as const;
  for (const [address, host] of named) assert.equal(allows(address, host), true, host);
  for (const [address, host] of [
    ...named.map(([one]) => [one, 'rebind.test'] as const),
    ['10.0.0.1', 'localhost'] as const,
  ]) {
    assert.equal(allows(address, host), false, `${host} at ${address}`);
  }
});

test('an address in a URL is checked however it is spelled', () => {
  const spelled = ['127.0.0.1', '127.1', '0x7f000001', '2130706433', '0177.0.0.1', '[::1]', '[::ffff:127.0.0.1]'];
  for (const host of spelled) {
    assert.ok(literalRefusal(new URL(`http://${host}/`), PUBLIC_ONLY) instanceof AddressRefused, host);
  }
  assert.equal(literalRefusal(new URL('http://8.8.8.8/'), PUBLIC_ONLY), undefined);
});

test('a name is refused when one of its addresses is, whatever the others are', async () => {
  for (const addresses of [['127.0.0.1'], ['8.8.8.8', '10.0.0.1'], ['8.8.8.8', '::1'], []]) {
    const socket = connect({ host: 'x.test', port: 9, lookup: lookupWithin(PUBLIC_ONLY, resolveTo(addresses)) });
    const [error] = await once(socket, 'error');
    assert.ok(error instanceof AddressRefused, addresses.join());
  }
});

test('a name that answers differently the second time is connected to where it was checked', async () => {
  await using server = await startCounter();
  const answers = ['127.0.0.1', '169.254.169.254'];
  let asked = 0;
  const resolve: ResolveAll = (_, __, callback) => {
    callback(null, [{ address: answers[Math.min(asked++, 1)] ?? '', family: 4 }]);
  };
  const lookup = lookupWithin(publicAnd(['127.0.0.1/32']), resolve);
  const first = connect({ host: 'rebind.test', port: server.port, lookup });
  await once(first, 'connect');
  assert.equal(first.remoteAddress, '127.0.0.1');
  first.destroy();
  const [error] = await once(connect({ host: 'rebind.test', port: server.port, lookup }), 'error');
  assert.ok(error instanceof AddressRefused);
  assert.equal(asked, 2);
});

function resolveTo(addresses: readonly string[]): ResolveAll {
  const found = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  return (_, __, callback) => callback(null, found);
}

async function startCounter() {
  const server = createServer();
  const port = await listenOn(server);
  return {
    port,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

for (const found of ['foo', '10.0.0.0/33', '10.0.0.0/x', 'fd00::/129']) {
  test(`refuses a range that is none, naming the flag: ${found}`, () => {
    assert.throws(() => publicAnd([found]), {
      code: 'invalid_config',
      message: `--allow-upstreams-in: found \`${found}\`, allowed: a range such as 10.0.0.0/8 or fd00::/8`,
    });
  });
}
