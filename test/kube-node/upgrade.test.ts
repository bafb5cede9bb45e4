import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, after, before, suite, test } from 'node:test';
import { CLUSTER, LABELS } from '../../packages/api/src/index.ts';
import { readPrevious } from '../../scripts/image/previous.ts';
import { type Agent, bearer, openAgent, openModernAgent } from '../support/agent.ts';
import { type TestNamespace, testNamespace } from '../support/kubectl.ts';
import { EVERYTHING, everythingWith } from './support/everything.ts';
import { allReady, install } from './support/installation.ts';
import { type Load, startLoad } from './support/load.ts';
import { allGone, podsOf } from './support/pods.ts';

const TOOLS = { granted: 'echo', notGranted: 'get-sum' };
const CALLERS_OF_AN_ERA = 2;
/** What becomes of calls when pods of their server are replaced: sessions that were in their memory are gone. */
const SESSIONS_LOST = ['allowed', 'failed', 'cut', 'upstream_unavailable'];

const previous = readPrevious();
const skip =
  process.env['MCP_CLUSTER_DIR'] === undefined
    ? 'the nodes of the cluster of KUBECONFIG may not have the image of the commit before'
    : 'unavailable' in previous && `no installation to come from: ${previous.unavailable}`;

/** From the installation of the commit before this one to that of this checkout, and back, while agents of both eras call. */
suite('upgrade', { skip }, () => {
  let namespace: TestNamespace;
  let url: string;
  let token: string;
  let load: Load;

  before(async () => {
    const installation = await installPrevious('applied');
    namespace = await testNamespace('upgrade');
    const { granted, notGranted } = TOOLS;
    await namespace.apply(...everythingWith({ granted: [granted], others: [notGranted] }));
    await allReady(namespace.name, [EVERYTHING]);
    token = await installation.sessionToken(namespace.name, EVERYTHING);
    url = await installation.endpoint(namespace.name, EVERYTHING);
    load = startLoad(await agents(), TOOLS);
    await load.goesOn();
  });
  after(async () => {
    await load.stop();
    await namespace[Symbol.asyncDispose]();
  });

  test('to this version: every call that should pass does', (context) => noticed(context, () => install()));

  test('and back: every call that should pass does', (context) => noticed(context, () => installPrevious('left')));

  async function noticed(context: TestContext, change: () => Promise<unknown>): Promise<void> {
    load.forget();
    const [images, servers] = [await imagesOf(CLUSTER.gateway), await podsOfServer()];
    await change();
    await allGone(CLUSTER.gateway);
    await allReady(namespace.name, [EVERYTHING]);
    assert.notDeepEqual(await imagesOf(CLUSTER.gateway), images);
    const replaced = (await podsOfServer()) !== servers;
    if (!replaced) await load.goesOn();
    context.diagnostic(`${load.summary()}${replaced ? '; the pods of the server were replaced' : ''}`);
    const expected = replaced ? SESSIONS_LOST : ['allowed'];
    assert.deepEqual(
      [...load.counts().keys()].filter((verdict) => !expected.includes(verdict)),
      [],
    );
    assert.equal(load.allowedWithoutGrant(), 0, 'no call without a grant was let through');
    await load.stop();
    load = startLoad(await agents(), TOOLS);
    await load.goesOn();
  }

  async function agents(): Promise<readonly Agent[]> {
    const openings = [openAgent, openModernAgent].flatMap((open) =>
      Array.from({ length: CALLERS_OF_AN_ERA }, () => open),
    );
    return Promise.all(openings.map((open) => open(url, bearer(token))));
  }

  async function podsOfServer(): Promise<string> {
    return namespace.kubectl(['get', 'pods', `--selector=${LABELS.server}=${EVERYTHING}`, '--output=name']);
  }
});

function installPrevious(definitions: 'applied' | 'left'): ReturnType<typeof install> {
  if ('unavailable' in previous) throw new Error(previous.unavailable);
  return install([`image=${previous.image}`], { script: join(previous.sources, 'scripts/manifest.ts'), definitions });
}

async function imagesOf(program: string): Promise<readonly (string | undefined)[]> {
  return (await podsOf(program)).map(({ image }) => image);
}
