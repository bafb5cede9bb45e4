import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { LABELS, TENANCY } from '../../packages/api/src/index.ts';
import { silentLogger } from '../../packages/base/src/index.ts';
import { type ResourceClient } from '../../packages/kube/src/index.ts';
import { OperatorSettings, startTenancyController } from '../../apps/operator/src/cluster/index.ts';
import { kubectl, testNamespace } from '../support/kubectl.ts';
import { aServer } from '../support/objects.ts';
import { untilTrue } from '../support/until.ts';
import { openClient } from './support/cluster.ts';
import { onlyIn } from './support/only-in.ts';

/** Two teams on a real API server, whose namespaces the operator furnishes. */

const root = join(import.meta.dirname, '../..');
const id = randomBytes(3).toString('hex');
const client = await openClient();
const teamA = await testNamespace('team-a', teamLabels(`a-${id}`));
const teamB = await testNamespace('team-b', teamLabels(`b-${id}`));
const settings = OperatorSettings.parse({
  images: { runtime: 'example.com/mcp-runtime:1' },
  tenancy: { ownerGroups: [`{team}:owners`], memberGroups: [`{team}:members`] },
});
const ours = onlyIn(client, [teamA.name, teamB.name]);
const controller = await startTenancyController({ client: ours, settings, log: silentLogger });

function teamLabels(team: string): Readonly<Record<string, string>> {
  return { [LABELS.managedNamespace]: 'true', [LABELS.teamId]: team };
}

before(async () => {
  await kubectl(['apply', '--server-side', '--force-conflicts', '-k', join(root, 'deploy/crds')]);
  await kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=120s']);
  await kubectl(['apply', '--server-side', '--force-conflicts', '-f', join(root, 'deploy/base/people-roles.yaml')]);
  for (const team of [teamA, teamB]) {
    await team.kubectl(['wait', '--for=create', 'rolebinding', TENANCY.viewers, '--timeout=120s']);
    await team.apply(remoteServer('files'));
  }
});

after(async () => {
  await controller.close();
  await teamA[Symbol.asyncDispose]();
  await teamB[Symbol.asyncDispose]();
  await client.close();
});

function remoteServer(name: string): object {
  return aServer(name, { source: { url: 'https://mcp.example.com/mcp' } });
}

interface Person {
  readonly what: string;
  readonly team: typeof teamA | undefined;
  readonly groups: readonly string[];
  readonly isOwner: boolean;
}

const PEOPLE: readonly Person[] = [
  { what: 'a member of A', team: teamA, groups: [`a-${id}:members`], isOwner: false },
  { what: 'an owner of A', team: teamA, groups: [`a-${id}:owners`], isOwner: true },
  { what: 'an owner of B', team: teamB, groups: [`b-${id}:owners`], isOwner: true },
  { what: 'somebody else', team: undefined, groups: [], isOwner: false },
];

const READ = ['get', 'list', 'watch'];
const WRITE = ['create', 'update', 'patch', 'delete'];
const KINDS = ['mcpservers', 'mcpaccessgrants', 'mcpagentsessions'];
const STATUSES = KINDS.map((kind) => `${kind}/status`);
const OTHERS: readonly (readonly [group: string, resource: string])[] = [
  ['', 'secrets'],
  ['', 'configmaps'],
  ['', 'pods'],
  ['', 'pods/exec'],
  ['', 'serviceaccounts/token'],
  ['', 'resourcequotas'],
  ['', 'namespaces'],
  ['networking.k8s.io', 'networkpolicies'],
  ['rbac.authorization.k8s.io', 'rolebindings'],
];

interface Question {
  readonly person: Person;
  readonly namespace: string;
  readonly group: string;
  readonly resource: string;
  readonly verb: string;
}

/** Everything that could be asked, of everybody, in both namespaces. */
const QUESTIONS: readonly Question[] = PEOPLE.flatMap((person) =>
  [teamA.name, teamB.name].flatMap((namespace) =>
    [
      ...KINDS.map((resource) => ['mcpruntime.org', resource, [...READ, ...WRITE]] as const),
      ...STATUSES.map((resource) => ['mcpruntime.org', resource, ['update', 'patch']] as const),
      ...OTHERS.map(([group, resource]) => [group, resource, ['get', 'list', 'create', 'update']] as const),
    ].flatMap(([group, resource, verbs]) =>
      verbs.map((verb): Question => ({ person, namespace, group, resource, verb })),
    ),
  ),
);

/** Members run servers and see the rest; owners also say who may call. In their own namespace. */
function mayDo({ person, namespace, resource, verb }: Question): boolean {
  if (person.team?.name !== namespace || !KINDS.includes(resource)) return false;
  return READ.includes(verb) || resource === 'mcpservers' || person.isOwner;
}

function reviewOf({ person, namespace, group, resource, verb }: Question): object {
  const [kind, subresource] = resource.split('/');
  return {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    spec: {
      user: 'somebody@example.com',
      groups: [...person.groups, 'system:authenticated'],
      resourceAttributes: { namespace, verb, group, resource: kind, subresource },
    },
  };
}

test('a team may do in its own namespace what its part is, and nothing in that of another', async () => {
  const reviews = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: QUESTIONS.map(reviewOf) });
  const answers = await kubectl(['create', '-f', '-', '-o', 'jsonpath={.status.allowed}{"\\n"}'], reviews);
  const textOf = ({ person, namespace, resource, verb }: Question, allowed: boolean): string =>
    `${person.what} ${allowed ? 'may' : 'may not'} ${verb} ${resource} in ${namespace}`;
  assert.deepEqual(
    answers
      .trim()
      .split('\n')
      .map((answer, index) => textOf(QUESTIONS[index] ?? assert.fail(), answer === 'true')),
    QUESTIONS.map((question) => textOf(question, mayDo(question))),
  );
});

const AS_OWNER_OF_A = ['--as=ann@example.com', `--as-group=a-${id}:owners`];

test('what an owner of a team really asks for: her own server, not that of others, no Secret, no status', async () => {
  const own = await teamA.kubectl([...AS_OWNER_OF_A, 'get', 'mcpserver', 'files', '-o', 'name']);
  assert.equal(own.trim(), 'mcpserver.mcpruntime.org/files');
  await teamA.kubectl([...AS_OWNER_OF_A, 'apply', '-f', '-'], JSON.stringify(remoteServer('more')));
  const status = '{"status":{"phase":"Ready"}}';
  const refused: readonly (readonly [team: typeof teamA, args: readonly string[]])[] = [
    [teamB, ['get', 'mcpserver', 'files']],
    [teamB, ['delete', 'mcpserver', 'files']],
    [teamA, ['get', 'secrets']],
    [teamA, ['patch', 'mcpserver', 'files', '--subresource=status', '--type=merge', '-p', status]],
    [teamA, ['annotate', 'resourcequota', TENANCY.quota, 'platform.mcpruntime.org/keep=true']],
  ];
  for (const [team, args] of refused) {
    await assert.rejects(team.kubectl([...AS_OWNER_OF_A, ...args]), /Forbidden|forbidden/, args.join(' '));
  }
});

for (const example of ['local', 'guarded']) {
  test(`an owner applies examples/${example} in her namespace, a member only its servers`, async () => {
    const apply = ['apply', '--dry-run=server', '-o', 'name', '-f', join(root, 'examples', example)];
    const applied = await teamA.kubectl([...AS_OWNER_OF_A, ...apply]);
    for (const kind of ['mcpserver', 'mcpaccessgrant', 'mcpagentsession']) assert.match(applied, new RegExp(kind));
    const asMember = ['--as=max@example.com', `--as-group=a-${id}:members`];
    await assert.rejects(teamA.kubectl([...asMember, ...apply]), (error: Error) => {
      assert.match(error.message, /mcpaccessgrants.* is forbidden/);
      assert.doesNotMatch(error.message, /mcpservers.* is forbidden/);
      return true;
    });
  });
}

test('pods get defaults and have to be restricted', async () => {
  const pod = (securityContext: object): string =>
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'p' },
      spec: {
        securityContext: { runAsNonRoot: true, runAsUser: 65_532, seccompProfile: { type: 'RuntimeDefault' } },
        containers: [{ name: 'c', image: 'localhost/none:1', securityContext }],
      },
    });
  const strict = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } };
  await untilTrue('the service account of pods is there', async () => {
    const accounts = await teamA.kubectl(['get', 'serviceaccounts', '-o', 'name']);
    return accounts.includes('default');
  });
  const dryRun = ['create', '--dry-run=server', '-f', '-', '-o', 'jsonpath={.spec.containers[0].resources}'];
  const resources = await teamA.kubectl(dryRun, pod(strict));
  assert.deepEqual(JSON.parse(resources), {
    limits: { cpu: '500m', memory: '512Mi' },
    requests: { cpu: '100m', memory: '128Mi' },
  });
  await assert.rejects(teamA.kubectl(dryRun, pod({ privileged: true })), /violates PodSecurity "restricted/);
});

test('a quota that somebody changed is set right, one that says it is to be kept is not', async () => {
  const podsOf = async (): Promise<string> =>
    await teamB.kubectl(['get', 'resourcequota', TENANCY.quota, '-o', 'jsonpath={.spec.hard.pods}']);
  const patch = (pods: string): string => JSON.stringify({ spec: { hard: { pods } } });
  await teamB.kubectl(['patch', 'resourcequota', TENANCY.quota, '-p', patch('99')]);
  await untilTrue('the quota is set right', async () => (await podsOf()) === '20');
  await teamB.kubectl(['annotate', 'resourcequota', TENANCY.quota, 'platform.mcpruntime.org/keep=true']);
  await teamB.kubectl(['patch', 'resourcequota', TENANCY.quota, '-p', patch('99')]);
  await teamB.kubectl(['delete', 'limitrange', TENANCY.limits]);
  await teamB.kubectl(['wait', '--for=create', 'limitrange', TENANCY.limits, '--timeout=120s']);
  assert.equal(await podsOf(), '99');
});

test('nothing is written to what is right, by the same operator or the next', async () => {
  const versions = async (): Promise<string> =>
    await teamA.kubectl([
      'get',
      'limitranges,networkpolicies,rolebindings',
      '--show-managed-fields',
      '-o',
      'jsonpath={range .items[*]}{.metadata.name}={.metadata.resourceVersion},{end}',
    ]);
  const before = await versions();
  const applied: unknown[] = [];
  const counting: ResourceClient = {
    ...ours,
    apply: async (type, object, options) => {
      applied.push(object);
      return ours.apply(type, object, options);
    },
  };
  const next = await startTenancyController({ client: counting, settings, log: silentLogger });
  await next.close();
  assert.deepEqual(applied, []);
  assert.equal(await versions(), before);
});
