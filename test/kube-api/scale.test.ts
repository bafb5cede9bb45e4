import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { API_VERSION, LABELS } from '../../packages/api/src/index.ts';
import { GRANTS, SERVERS, SESSIONS, setSessionRevoked } from '../../packages/control-plane/src/index.ts';
import { CONFIG_MAPS, DEPLOYMENTS } from '../../packages/kube/src/index.ts';
import { kubectl, testNamespace } from '../support/kubectl.ts';
import { openClient } from './support/cluster.ts';
import { OperatorProcess } from './support/operator-process.ts';

/**
 * An operator with many servers. The figures of a thousand are in docs/performance/operator.json:
 * npm run test:soak:operator -- --output docs/performance/operator.json
 */
const SERVER_COUNT = Number(process.env['SCALE_SERVERS'] ?? 10);
const GRANTS_EACH = 5;
const SESSIONS_EACH = 20;
const WINDOW_MS = Number(process.env['SCALE_WINDOW_MS'] ?? 10_000);
const AT_ONCE = 48;

const client = await openClient({ rateLimit: { qps: 2_000, burst: 2_000 } });
const namespace = await testNamespace('scale');
const folder = await mkdtemp(join(tmpdir(), 'scale-'));
const config = join(folder, 'operator.yaml');
const figures: Record<string, number> = {};
const names = Array.from({ length: SERVER_COUNT }, (_, index) => `server-${index}`);

before(async () => {
  await kubectl(['apply', '--server-side', '--force-conflicts', '-k', join(import.meta.dirname, '../../deploy/crds')]);
  await kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=120s']);
  const settings = {
    namespace: namespace.name,
    watchNamespace: namespace.name,
    images: { runtime: 'localhost/none:1' },
    ingress: { kind: 'none' },
    webhook: { serve: false },
    engine: { requestsPerSecond: 2_000, accessStatusesPerSecond: 2_000, workers: 16 },
    logLevel: 'warn',
  };
  // JSON is YAML.
  await writeFile(config, JSON.stringify(settings));
});

after(async () => {
  await rm(folder, { recursive: true });
  await namespace[Symbol.asyncDispose]();
  await client.close();
});

test(`${SERVER_COUNT} servers x ${GRANTS_EACH} grants x ${SESSIONS_EACH} sessions come to rest`, async () => {
  await inParallel(names, makeServer);
  const began = performance.now();
  await using operator = await OperatorProcess.start(config);
  await untilAtRest(operator);
  figures['settleSeconds'] = secondsSince(began);
  assert.equal((await client.list(DEPLOYMENTS, { namespace: namespace.name })).items.length, SERVER_COUNT);

  const before = await reading(operator);
  await delay(WINDOW_MS);
  const after = await reading(operator);
  figures['restWrites'] = after.writes - before.writes;
  figures['restCores'] = round((after.cpuSeconds - before.cpuSeconds) / (WINDOW_MS / 1000));
  figures['memoryMiB'] = Math.round(after.memoryBytes / 1024 / 1024);
  assert.equal(figures['restWrites'], 0, 'nothing is written while nothing changes');
  assert.ok(figures['restCores'] < 0.2, `${figures['restCores']} cores at rest`);
});

test('after a restart all are observed within 30 seconds, and nothing is written', async () => {
  const began = performance.now();
  await using operator = await OperatorProcess.start(config);
  while ((await operator.metric('mcp_operator_work_seconds_count', 'queue="objects"')) < SERVER_COUNT) await delay(50);
  figures['restartSeconds'] = secondsSince(began);
  await untilAtRest(operator);
  figures['restartWrites'] = await operator.metric('mcp_operator_writes_total');
  figures['restartMemoryMiB'] = Math.round((await operator.metric('process_resident_memory_bytes')) / 1024 / 1024);
  assert.equal(figures['restartWrites'], 0);
  assert.ok(figures['restartSeconds'] < 30, `${figures['restartSeconds']} s`);
});

test('a change of one session touches the objects of one server', async () => {
  await using operator = await OperatorProcess.start(config);
  await untilAtRest(operator);
  const before = await versions();
  await setSessionRevoked(client, { namespace: namespace.name, name: 'server-0-session-0' }, true);
  while ((await changed(before)).length === 0) await delay(50);
  await untilAtRest(operator);
  assert.deepEqual(await changed(before), ['ConfigMap server-0-gateway-policy', 'MCPServer server-0']);
  const out = process.env['SCALE_OUT'];
  const result = { servers: SERVER_COUNT, grantsEach: GRANTS_EACH, sessionsEach: SESSIONS_EACH, ...figures };
  process.stdout.write(`${JSON.stringify(result)}\n`);
  if (out !== undefined) await writeFile(out, `${JSON.stringify(result, null, 2)}\n`);
});

async function makeServer(name: string): Promise<void> {
  const at = (of: string): object => ({ namespace: namespace.name, name: of });
  const api = { apiVersion: API_VERSION };
  const subject = { humanID: 'alice' };
  const serverRef = { name };
  // Without pods: what is measured is the operator, and not the controllers beside it.
  const spec = { image: 'localhost/none:1', replicas: 0, tools: [{ name: 'read', sideEffect: 'read' }] };
  await client.create(SERVERS, { ...api, kind: 'MCPServer', metadata: at(name), spec });
  for (let grant = 0; grant < GRANTS_EACH; grant += 1) {
    const granted = { serverRef, subject, maxTrust: 'low', allowedSideEffects: ['read'] };
    await client.create(GRANTS, {
      ...api,
      kind: 'MCPAccessGrant',
      metadata: at(`${name}-grant-${grant}`),
      spec: granted,
    });
  }
  for (let session = 0; session < SESSIONS_EACH; session += 1) {
    const metadata = at(`${name}-session-${session}`);
    await client.create(SESSIONS, { ...api, kind: 'MCPAgentSession', metadata, spec: { serverRef, subject } });
  }
}

/** Objects of servers whose version is another now, by kind and name. */
async function changed(before: ReadonlyMap<string, string | undefined>): Promise<readonly string[]> {
  const now = await versions();
  return [...now]
    .filter(([id, version]) => before.get(id) !== version)
    .map(([id]) => id)
    .toSorted();
}

async function versions(): Promise<ReadonlyMap<string, string | undefined>> {
  const lists = await Promise.all([
    client.list(SERVERS, { namespace: namespace.name }),
    client.list(CONFIG_MAPS, { namespace: namespace.name, labels: { [LABELS.part]: 'policy' } }),
    client.list(DEPLOYMENTS, { namespace: namespace.name }),
  ]);
  return new Map(
    lists.flatMap(({ items }) =>
      items.map(({ kind, metadata }) => [`${kind} ${metadata.name}`, metadata.resourceVersion]),
    ),
  );
}

/** Nothing waits, every server was looked at, and two seconds have passed without work. */
async function untilAtRest(operator: OperatorProcess): Promise<void> {
  for (let last = -1; ;) {
    const waiting = await operator.metric('mcp_operator_queue_depth');
    const looked = await operator.metric('mcp_operator_work_seconds_count', 'queue="objects"');
    const now = looked + (await operator.metric('mcp_operator_writes_total'));
    if (waiting === 0 && looked >= SERVER_COUNT && now === last) return;
    last = now;
    await delay(2_000);
  }
}

interface Reading {
  readonly writes: number;
  readonly cpuSeconds: number;
  readonly memoryBytes: number;
}

async function reading(operator: OperatorProcess): Promise<Reading> {
  return {
    writes: await operator.metric('mcp_operator_writes_total'),
    cpuSeconds: await operator.metric('process_cpu_seconds_total'),
    memoryBytes: await operator.metric('process_resident_memory_bytes'),
  };
}

async function inParallel(all: readonly string[], work: (name: string) => Promise<void>): Promise<void> {
  const left = [...all];
  const worker = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) await work(next);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

function secondsSince(began: number): number {
  return round((performance.now() - began) / 1000);
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
