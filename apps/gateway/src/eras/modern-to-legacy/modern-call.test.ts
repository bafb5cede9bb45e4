import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type ModernCall, digestOf, legacyRequest } from './modern-call.ts';

const OWN = new Set(['_meta', 'inputResponses', 'requestState']);
const members = fc.dictionary(
  fc.string().filter((name) => !OWN.has(name) && name !== '__proto__'),
  fc.jsonValue(),
);
const ENVELOPE = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
};

function callWith(params: string): ModernCall {
  return {
    id: 1,
    method: 'tools/call',
    name: undefined,
    params,
    capabilities: {},
    capabilitiesText: '{}',
    clientInfo: undefined,
    logLevel: undefined,
    progressToken: undefined,
    requestState: undefined,
    inputResponses: undefined,
  };
}

test('every member but those of the envelope and the round reaches the server, whatever it is', () => {
  fc.assert(
    fc.property(members, members, (params, meta) => {
      const text = JSON.stringify({
        ...params,
        _meta: { ...meta, ...ENVELOPE },
        requestState: 's',
        inputResponses: {},
      });
      const sent = JSON.parse(legacyRequest(callWith(text), 7));
      const { progressToken: _, ...left } = meta;
      const isEmpty = Object.keys(left).length === 0;
      assert.deepEqual(sent.params, JSON.parse(JSON.stringify(isEmpty ? params : { ...params, _meta: left })));
    }),
  );
});

test('a request is the same one in each round, and with other spaces between its tokens', () => {
  fc.assert(
    fc.property(members, members, (params, meta) => {
      const first = digestOf({ params: JSON.stringify({ ...params, _meta: meta }) });
      const later = { ...params, _meta: {}, requestState: 's', inputResponses: { a: 1 } };
      assert.equal(digestOf({ params: JSON.stringify(later, undefined, 2) }), first);
    }),
  );
});

test('a number that a double cannot tell apart from another makes another request', () => {
  const digest = (n: string): string => digestOf({ params: `{"arguments":{"n":${n}}}` });
  assert.notEqual(digest('9007199254740993'), digest('9007199254740992'));
  assert.notEqual(digest('1.0'), digest('1'));
});
