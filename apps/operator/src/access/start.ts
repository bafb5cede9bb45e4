import { type AppError } from '@mcp-runtime/api';
import { OpenedSoFar, closeOnce } from '@mcp-runtime/base';
import { GRANTS, SERVERS, SESSIONS } from '@mcp-runtime/control-plane';
import { type KubeObject, type ResourceType, type StateChange, watchState } from '@mcp-runtime/kube';
import { type AccessController, type AccessOptions, createAccessController } from './controller.ts';

/** An access controller with watches of its own. Resolves when it has seen all that there is. */
export async function startAccessController(
  options: AccessOptions,
): Promise<Pick<AccessController, 'pending' | 'close' | typeof Symbol.asyncDispose>> {
  const { client, log } = options;
  const opened = new OpenedSoFar();
  const stop = new AbortController();
  const watching = <T extends KubeObject>(type: ResourceType<T>, onChange: (change: StateChange<T>) => void) =>
    watchState(client, type, {
      signal: stop.signal,
      onChange,
      onError: (error: AppError) => log.warn('watching failed', { kind: type.kind, error: error.message }),
    });
  const views = {
    servers: watching(SERVERS, (change) => controller.onServer(change)),
    grants: watching(GRANTS, (change) => controller.onAccess(change)),
    sessions: watching(SESSIONS, (change) => controller.onAccess(change)),
  };
  const controller = createAccessController(views, options);
  opened.add(() => controller.close());
  opened.add(() => stop.abort());
  await Promise.all(Object.values(views).map(({ synced }) => synced));
  controller.start();
  return { pending: () => controller.pending(), ...closeOnce(() => opened.releaseAll()) };
}
