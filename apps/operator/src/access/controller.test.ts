import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { AppError, type MCPAgentSession, type MCPServer } from '@mcp-runtime/api';
import { type Clock, silentLogger, systemClock } from '@mcp-runtime/base';
import { GRANTS, SERVERS, SESSIONS } from '@mcp-runtime/control-plane';
import { type ResourceClient, type ResourceStore, openMemoryStore } from '@mcp-runtime/kube';
import { aGrant, aServer, aSession } from '../testing/access-objects.ts';
import { startAccessController } from './start.ts';

const HOUR = 3_600_000;
const TEAM_A = { namespace: 'team-a', name: 'session' };
const ALICE = { humanID: 'alice' };

function starting(client: ResourceClient, clock: Clock = systemClock) {
  return startAccessController({ client, clock, log: silentLogger, retention: { expiredSessionsMs: 7 * 24 * HOUR } });
}

/** Waits until nothing waits to be looked at. */
async function settled(controller: { pending(): number }): Promise<void> {
  while (controller.pending() > 0) await delay(1);
}

async function phasesOf(store: ResourceStore): Promise<readonly (string | undefined)[]> {
  const [grants, sessions] = [await store.list(GRANTS), await store.list(SESSIONS)];
  return [...grants.items, ...sessions.items].map(({ status }) => status?.phase);
}

test('what there is gets its status, and follows the server that it names', async () => {
  await using store = openMemoryStore({ clock: systemClock });
  await store.create(GRANTS, aGrant({ subject: ALICE }));
  await store.create(SESSIONS, aSession({ revoked: true }));
  await using controller = await starting(store);
  await settled(controller);
  assert.deepEqual(await phasesOf(store), ['ServerNotFound', 'Revoked']);
  const server = await store.create(SERVERS, newly(aServer('files')));
  await settled(controller);
  assert.deepEqual(await phasesOf(store), ['Active', 'Revoked']);
  await store.delete(SERVERS, server.metadata);
  await settled(controller);
  assert.deepEqual(await phasesOf(store), ['ServerNotFound', 'Revoked']);
});

test('a grant that comes to name another server is about that one', async () => {
  await using store = openMemoryStore({ clock: systemClock });
  await store.create(SERVERS, newly(aServer('other')));
  const grant = await store.create(GRANTS, aGrant({ subject: ALICE }));
  await using controller = await starting(store);
  await settled(controller);
  const current = (await store.get(GRANTS, grant.metadata)) ?? grant;
  await store.update(GRANTS, { ...current, spec: { ...current.spec, serverRef: { name: 'other' } } });
  await settled(controller);
  assert.deepEqual(await phasesOf(store), ['Active']);
});

test('a session ends by time alone, on the one timer that there is', async () => {
  await using store = openMemoryStore({ clock: systemClock });
  await store.create(SERVERS, newly(aServer('files')));
  let now = Date.parse('2026-06-01T12:00:00Z');
  await store.create(SESSIONS, aSession({ expiresAt: new Date(now).toISOString() }));
  await store.create(SESSIONS, aSession({ expiresAt: new Date(now + HOUR).toISOString() }, 'zlater'));
  await using controller = await starting(store, () => now);
  await settled(controller);
  assert.deepEqual(await phasesOf(store), ['Active', 'Active']);
  now += 1;
  while ((await phasesOf(store))[0] !== 'Expired') await delay(1);
  assert.deepEqual(await phasesOf(store), ['Expired', 'Active']);
});

test('started again, it writes nothing; and a status that somebody else wrote is set right', async () => {
  await using store = openMemoryStore({ clock: systemClock });
  await store.create(SERVERS, newly(aServer('files')));
  for (let index = 0; index < 300; index++) await store.create(SESSIONS, aSession({}, `s${index}`));
  for (const writes of [300, 0]) {
    const counted = counting(store);
    await using controller = await startAccessController({
      client: counted.client,
      clock: systemClock,
      log: silentLogger,
      retention: { expiredSessionsMs: 0 },
      writesPerSecond: 100_000,
    });
    await settled(controller);
    assert.equal(counted.writes(), writes);
  }
  await using controller = await starting(store);
  const one = await store.get(SESSIONS, { ...TEAM_A, name: 's7' });
  assert.ok(one);
  await store.updateStatus(SESSIONS, { ...one, status: { phase: 'Fine' } });
  await settled(controller);
  assert.equal((await store.get(SESSIONS, one.metadata))?.status?.phase, 'Active');
});

test('a session that expired long ago is removed; one that was renewed meanwhile is not', async () => {
  const now = Date.parse('2026-06-01T12:00:00Z');
  await using store = openMemoryStore({ clock: systemClock });
  await store.create(SERVERS, newly(aServer('files')));
  const old = aSession({ expiresAt: new Date(now - 8 * 24 * HOUR).toISOString() });
  for (const name of ['renewed', 'session']) {
    const created = await store.create(SESSIONS, { ...old, metadata: { ...old.metadata, name } });
    await store.updateStatus(SESSIONS, { ...created, status: endedStatus(now - 7 * 24 * HOUR) });
  }
  const racing = {
    ...store,
    // Between the decision and the removal somebody renews the session.
    delete: async (...[type, key, options]: Parameters<ResourceClient['delete']>) => {
      const session = await store.get(SESSIONS, key);
      assert.ok(session);
      if (key.name === 'renewed') await store.update(SESSIONS, renewed(session, now));
      return store.delete(type, key, options);
    },
  };
  await using controller = await starting(racing, () => now);
  await settled(controller);
  const { items } = await store.list(SESSIONS);
  assert.deepEqual(
    items.map(({ metadata, status }) => [metadata.name, status?.phase]),
    [['renewed', 'Active']],
  );
});

test('a store that fails for a while is tried again', async () => {
  await using store = openMemoryStore({ clock: systemClock });
  await store.create(GRANTS, aGrant({ subject: ALICE }));
  let failures = 1;
  const failing: ResourceClient = {
    ...store,
    updateStatus: async (...args) => {
      if (failures-- > 0) throw new AppError('service_unavailable', 'away');
      return store.updateStatus(...args);
    },
  };
  await using controller = await starting(failing);
  await settled(controller);
  assert.deepEqual(await phasesOf(store), ['ServerNotFound']);
});

/** As it is before a store gives it a uid. */
function newly(object: MCPServer): object {
  const { name, namespace } = object.metadata;
  return { ...object, metadata: { name, namespace } };
}

function counting(store: ResourceStore): { readonly client: ResourceClient; writes(): number } {
  let writes = 0;
  const updateStatus: ResourceClient['updateStatus'] = (...args) => {
    writes += 1;
    return store.updateStatus(...args);
  };
  return { client: { ...store, updateStatus }, writes: () => writes };
}

function endedStatus(at: number): NonNullable<MCPAgentSession['status']> {
  const lastTransitionTime = new Date(at).toISOString();
  const active = { type: 'Active', status: 'False', reason: 'Expired', message: '', observedGeneration: 1 } as const;
  return { observedGeneration: 1, conditions: [{ ...active, lastTransitionTime }] };
}

function renewed(session: MCPAgentSession, now: number): MCPAgentSession {
  return { ...session, spec: { ...session.spec, expiresAt: new Date(now + HOUR).toISOString() } };
}
