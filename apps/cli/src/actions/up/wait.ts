import { setTimeout as delay } from 'node:timers/promises';
import { type MCPServer } from '@mcp-runtime/api';
import { type LocalRuntime } from '@mcp-runtime/local';

const POLL_MS = 20;
/** Failing and being tried again for this long counts as settled: the runtime goes on trying. */
const PATIENCE_MS = 15_000;

/** The servers once each is ready or will not be for now. Installing may take as long as it takes. */
export async function waitUntilSettled(runtime: LocalRuntime, signal: AbortSignal): Promise<readonly MCPServer[]> {
  const began = performance.now();
  for (;;) {
    const servers = await runtime.servers();
    const isPatient = performance.now() - began < PATIENCE_MS;
    if (signal.aborted || servers.every((server) => isSettled(server, isPatient ? 'patient' : 'done waiting'))) {
      return servers;
    }
    await delay(POLL_MS, undefined, { signal }).catch(() => {});
  }
}

function isSettled({ status, metadata, spec }: MCPServer, mood: 'patient' | 'done waiting'): boolean {
  if (spec.replicas === 0) return true;
  if (status === undefined || status.observedGeneration !== metadata.generation) return false;
  if (status.phase === 'Ready' || status.phase === 'Error') return true;
  // It came up and went down again: whoever waits wants to hear of it now.
  if (status.phase === 'Degraded' && (status.restarts ?? 0) > 0) return true;
  const isInstalling = status.conditions?.some(({ reason }) => reason === 'Preparing') === true;
  return mood === 'done waiting' && !isInstalling;
}
