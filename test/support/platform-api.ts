import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { API_BASE_PATH, type AuditEvent, AuditPage, TokenResult, VerifyResult } from '@mcp-runtime/api';
import { z } from 'zod';

const RuntimeFile = z.object({ pid: z.int(), apiUrl: z.string(), gatewayUrl: z.string() });

/** The platform API of a runtime, opened with the credential of its data folder. */
export interface PlatformApi {
  readonly apiUrl: string;
  readonly gatewayUrl: string;
  /** Fails unless the answer is a success that the schema reads. */
  call<T>(schema: z.ZodType<T>, method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, body?: unknown): Promise<T>;
  apply(...resources: readonly object[]): Promise<void>;
  setGrantDisabled(name: string, disabled: boolean): Promise<void>;
  setSessionRevoked(name: string, revoked: boolean): Promise<void>;
  token(session: string): Promise<string>;
  /** Recorded events, oldest first. */
  events(query?: Readonly<Record<string, string>>): Promise<readonly AuditEvent[]>;
  verify(): Promise<VerifyResult>;
}

/** Undefined while no runtime has announced itself in the folder. */
export async function readRuntimeFile(dataDir: string): Promise<z.infer<typeof RuntimeFile> | undefined> {
  try {
    return RuntimeFile.parse(JSON.parse(await readFile(join(dataDir, 'runtime.json'), 'utf8')));
  } catch {
    return undefined;
  }
}

export async function openPlatformApi(dataDir: string): Promise<PlatformApi> {
  const runtime = await readRuntimeFile(dataDir);
  assert.ok(runtime !== undefined, `no runtime in ${dataDir}`);
  const credential = (await readFile(join(dataDir, 'admin.token'), 'utf8')).trim();
  const call: PlatformApi['call'] = async (schema, method, path, body) => {
    const response = await fetch(`${runtime.apiUrl}${API_BASE_PATH}${path}`, {
      method,
      headers: { authorization: `Bearer ${credential}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    assert.ok(response.ok, `${method} ${path}: ${response.status} ${text}`);
    return schema.parse(JSON.parse(text));
  };
  const patch = async (path: string, body: object): Promise<void> => {
    await call(z.unknown(), 'PATCH', path, body);
  };
  return {
    ...runtime,
    call,
    apply: async (...resources) => {
      await call(z.unknown(), 'POST', '/runtime/apply', { resources });
    },
    setGrantDisabled: (name, disabled) => patch(`/runtime/grants/mcp-servers/${name}`, { disabled }),
    setSessionRevoked: (name, revoked) => patch(`/runtime/sessions/mcp-servers/${name}`, { revoked }),
    token: async (session) =>
      (await call(TokenResult, 'POST', `/runtime/sessions/mcp-servers/${session}/token`, {})).token,
    events: (query = {}) => allEvents(call, query),
    verify: () => call(VerifyResult, 'GET', '/events/verify'),
  };
}

async function allEvents(
  call: PlatformApi['call'],
  query: Readonly<Record<string, string>>,
): Promise<readonly AuditEvent[]> {
  const events: AuditEvent[] = [];
  let cursor: string | undefined;
  do {
    const asked = new URLSearchParams({ ...query, order: 'oldest', limit: '1000', ...(cursor && { cursor }) });
    const page = await call(AuditPage, 'GET', `/events?${asked.toString()}`);
    events.push(...page.events);
    cursor = page.meta.has_more ? page.meta.next_cursor : undefined;
  } while (cursor !== undefined);
  return events;
}
