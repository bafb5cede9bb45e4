import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { CLUSTER } from '../../packages/api/src/index.ts';
import { SECRETS } from '../../packages/kube/src/index.ts';
import { OPERATOR_PERMISSIONS } from '../../apps/operator/src/cluster/index.ts';
import { testNamespace } from '../support/kubectl.ts';
import { aServer } from '../support/objects.ts';
import { until, untilTrue } from '../support/until.ts';
import { noCluster, openClient } from './support/cluster.ts';
import { serveDefinitions } from './support/definitions.ts';
import { startOperatorIn } from './support/engine.ts';

const SOURCE = 'registry-credentials';

suite('pull secret', { skip: noCluster }, async () => {
  test('credentials are where a server needs them, follow their source, and go with the last server', async () => {
    await using use = new AsyncDisposableStack();
    const client = use.use(await openClient());
    await serveDefinitions(client);
    const installation = use.use(await testNamespace('installation'));
    const team = use.use(await testNamespace('team'));
    use.use(await startOperatorIn(team, client, { namespace: installation.name, registry: { pullSecret: SOURCE } }));
    const copy = () => client.get(SECRETS, { namespace: team.name, name: CLUSTER.pullSecret });
    const password = async () => Buffer.from((await copy())?.data?.['.dockerconfigjson'] ?? '', 'base64').toString();

    await team.apply(serverOf('own', { imagePullSecrets: ['mine'] }));
    await installation.apply(credentials('first'));
    await team.apply(serverOf('files'));
    await untilTrue('it is copied', async () => (await password()).includes('first'));
    const deployment = await until('there is a Deployment', () =>
      team
        .kubectl(['get', 'deployment', 'files', '-o', 'jsonpath={.spec.template.spec.imagePullSecrets[*].name}'])
        .catch(() => undefined),
    );
    assert.equal(deployment, `${SOURCE} ${CLUSTER.pullSecret}`);
    assert.deepEqual(Object.keys((await copy())?.data ?? {}), ['.dockerconfigjson'], 'what else it holds stays');

    await installation.apply(credentials('second'));
    await untilTrue('it is brought up to date', async () => (await password()).includes('second'));
    await team.kubectl(['delete', 'mcpserver', 'files']);
    await untilTrue('it goes with the last server that needs it', async () => (await copy()) === undefined);

    await team.apply(serverOf('files'));
    await untilTrue('it is copied again', async () => (await password()).includes('second'));
    await installation.kubectl(['delete', 'secret', SOURCE]);
    await untilTrue('it goes with its source', async () => (await copy()) === undefined);
  });

  test('what is no credential for a registry is not copied, and a Secret of somebody else stays', async () => {
    await using use = new AsyncDisposableStack();
    const client = use.use(await openClient());
    await serveDefinitions(client);
    const team = use.use(await testNamespace('team'));
    const theirs = { apiVersion: 'v1', kind: 'Secret', metadata: { name: CLUSTER.pullSecret }, stringData: { a: 'b' } };
    const opaque = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: SOURCE },
      stringData: { '.dockerconfigjson': '{}' },
    };
    const installation = use.use(await testNamespace('installation'));
    await installation.apply(opaque);
    use.use(await startOperatorIn(team, client, { namespace: installation.name, registry: { pullSecret: SOURCE } }));
    await team.apply(serverOf('files'));
    await until('it is worked on', () =>
      team.kubectl(['get', 'deployment', 'files', '-o', 'name']).catch(() => undefined),
    );
    assert.equal(await client.get(SECRETS, { namespace: team.name, name: CLUSTER.pullSecret }), undefined);

    await team.apply(theirs);
    await installation.kubectl(['delete', 'secret', SOURCE]);
    await installation.apply(credentials('first'));
    await team.apply(serverOf('later'));
    await until('it is worked on', () =>
      team.kubectl(['get', 'deployment', 'later', '-o', 'name']).catch(() => undefined),
    );
    const found = await client.get(SECRETS, { namespace: team.name, name: CLUSTER.pullSecret });
    assert.deepEqual(Object.keys(found?.data ?? {}), ['a']);
  });

  test('Secrets of other namespaces are changed and removed under that one name only', () => {
    const broad = OPERATOR_PERMISSIONS.filter(
      ({ resources, names }) => resources.includes('secrets') && names === undefined,
    );
    assert.deepEqual(
      broad.flatMap(({ verbs }) => verbs),
      ['get', 'create'],
    );
  });
});

function credentials(password: string): object {
  const auths = { 'registry.example.com': { username: 'pull', password } };
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'kubernetes.io/dockerconfigjson',
    metadata: { name: SOURCE },
    stringData: { '.dockerconfigjson': JSON.stringify({ auths }), note: 'not for servers' },
  };
}

function serverOf(name: string, more: object = {}): object {
  return aServer(name, { image: 'registry.example.com/files:1', publicPathPrefix: name, ...more });
}
