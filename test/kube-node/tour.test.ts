import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, suite, test } from 'node:test';
import { bearer, openAgent, post } from '../support/agent.ts';
import { type TestNamespace, testNamespace } from '../support/kubectl.ts';
import { until, untilTrue } from '../support/until.ts';
import { type Installation, allReady, install } from './support/installation.ts';

const EXAMPLE = new URL('../../examples/local/', import.meta.url);
const HELLO = { message: 'hello' } as const;

/** The calls of `mcp-runtime up -f examples/local --tour`, on a cluster, with the verdicts that they have there. */
suite('the tour', () => {
  let installation: Installation;
  let namespace: TestNamespace;

  before(async () => {
    installation = await install();
    namespace = await testNamespace('tour');
    for (const file of ['servers.yaml', 'access.yaml']) {
      await namespace.kubectl(['apply', '-f', '-'], await readFile(new URL(file, EXAMPLE), 'utf8'));
    }
  });
  after(() => namespace[Symbol.asyncDispose]());

  test('every server of the example becomes Ready', async () => {
    await allReady(namespace.name, ['everything', 'files', 'memory']);
  });

  test('calls have the same verdicts as on a laptop', async () => {
    const everything = await agentOf('research-everything', 'everything');
    const files = await agentOf('research-files', 'files');

    assert.equal((await everything.call('echo', HELLO)).verdict, 'allowed');
    const written = await files.call('write_file', { path: 'note.txt', content: 'hello' });
    assert.equal(written.verdict, 'side_effect_not_allowed');
    const url = await installation.endpoint(namespace.name, 'everything');
    const nobodys = await post({ url, body: toolCall('echo', HELLO) });
    assert.equal(nobodys.verdict, 'missing_bearer_token');
    const listed = await everything.request('tools/list');
    const names = [...listed.text.matchAll(/"name":"([a-z-]+)","title"/g)].map(([, name = '']) => name);
    assert.deepEqual(
      names.toSorted((a, b) => a.localeCompare(b)),
      ['echo', 'get-structured-content', 'get-sum'],
    );
  });

  test('a disabled grant is refused, and counts again when it is enabled', async () => {
    const everything = await agentOf('research-everything', 'everything');
    await setDisabled('true');
    const refused = await until('the gateways know that the grant is disabled', async () => {
      const { verdict } = await everything.call('echo', HELLO);
      return verdict === 'allowed' ? undefined : verdict;
    });
    assert.equal(refused, 'tool_not_granted');
    await setDisabled('false');
    await untilTrue('it counts again', async () => (await everything.call('echo', HELLO)).verdict === 'allowed');
  });

  async function agentOf(session: string, server: string): Promise<Awaited<ReturnType<typeof openAgent>>> {
    const token = await installation.sessionToken(namespace.name, session);
    return openAgent(await installation.endpoint(namespace.name, server), bearer(token));
  }

  async function setDisabled(disabled: 'true' | 'false'): Promise<void> {
    const patch = `{"spec":{"disabled":${disabled}}}`;
    await namespace.kubectl(['patch', 'mcpaccessgrant', 'research-everything', '--type=merge', '--patch', patch]);
  }
});

function toolCall(name: string, args: object): object {
  return { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: args } };
}
