import assert from 'node:assert/strict';
import { GrantList, SessionList } from '@mcp-runtime/api';
import { type PlatformApi } from './platform-api.ts';

/** What the last change made of an object: what was acknowledged, and what was sent since without an answer. */
interface Entry {
  acknowledged: string | undefined;
  inFlight: string | undefined;
}

const SERVER = { serverRef: { name: 'memory' } };
const HEAD = { apiVersion: 'mcpruntime.org/v1alpha1' };

/** Remembers which changes of resources a runtime has acknowledged, across its runs. */
export class Ledger {
  readonly #entries = new Map<string, Entry>();
  changes = 0;

  /** Applies a grant that carries `value`. Rejects when the runtime does not answer; then either value may hold. */
  async writeGrant(api: PlatformApi, name: string, value: string): Promise<void> {
    const spec = { ...SERVER, subject: { agentID: name }, policyVersion: value };
    await this.#write(`grant ${name}`, value, () =>
      api.apply({ ...HEAD, kind: 'MCPAccessGrant', metadata: { name }, spec }),
    );
  }

  /** Of a session that nobody has revoked when it is named for the first time. */
  async revokeSession(api: PlatformApi, name: string, revoked: boolean): Promise<void> {
    await this.#write(`session ${name}`, String(revoked), () => api.setSessionRevoked(name, revoked), 'false');
  }

  async #write(key: string, value: string, send: () => Promise<void>, initial?: string): Promise<void> {
    const entry: Entry = this.#entries.get(key) ?? { acknowledged: initial, inFlight: undefined };
    this.#entries.set(key, entry);
    entry.inFlight = value;
    await send();
    entry.acknowledged = value;
    entry.inFlight = undefined;
    this.changes += 1;
  }

  /** Compares with what the runtime has now, and takes that as known from here on. */
  async check(api: PlatformApi, when: string): Promise<void> {
    const found = await valuesOf(api);
    for (const [key, entry] of this.#entries) {
      const value = found.get(key);
      const allowed = [entry.acknowledged, ...(entry.inFlight === undefined ? [] : [entry.inFlight])];
      assert.ok(allowed.includes(value), `${when}: ${key} is ${value}, expected ${allowed.join(' or ')}`);
      this.#entries.set(key, { acknowledged: value, inFlight: undefined });
    }
  }
}

async function valuesOf(api: PlatformApi): Promise<ReadonlyMap<string, string>> {
  const { grants } = await api.call(GrantList, 'GET', '/runtime/grants');
  const { sessions } = await api.call(SessionList, 'GET', '/runtime/sessions');
  return new Map([
    ...grants.map(({ metadata, spec }) => [`grant ${metadata.name}`, spec.policyVersion ?? ''] as const),
    ...sessions.map(({ metadata, spec }) => [`session ${metadata.name}`, String(spec.revoked)] as const),
  ]);
}
