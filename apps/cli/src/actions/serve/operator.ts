import { hostname } from 'node:os';
import { randomUUID } from 'node:crypto';
import { type AppError } from '@mcp-runtime/api';
import { systemClock } from '@mcp-runtime/base';
import { createLogger } from '@mcp-runtime/base/logger';
import { findClusterAccess, openKubernetesClient } from '@mcp-runtime/kube/kubernetes';
import { OperatorSettings, startClusterOperator } from '@mcp-runtime/operator/cluster';
import { type Invocation } from '../../frame/command.ts';
import { parseAddress } from '../address.ts';
import { readSettings } from './config-file.ts';
import { untilAborted } from '../until-aborted.ts';
import { packageVersion } from '../version.ts';

interface Flags {
  readonly config: string | undefined;
  readonly kubeconfig: string | undefined;
  readonly namespace: string | undefined;
  readonly listen: string | undefined;
  readonly image: string | undefined;
  readonly 'log-level': string | undefined;
}

export async function run({ flags, io }: Invocation<Flags>): Promise<void> {
  const settings = await readSettings(OperatorSettings, {
    file: flags.config,
    flags: {
      kubeconfig: flags.kubeconfig,
      namespace: flags.namespace,
      listen: flags.listen,
      ...(flags.image === undefined ? {} : { images: { runtime: flags.image } }),
      logLevel: flags['log-level'],
    },
    command: 'mcp-runtime serve operator',
  });
  const version = await packageVersion();
  const log = createLogger({ level: settings.logLevel });
  const { kubeconfig, engine } = settings;
  const rateLimit = { qps: engine.requestsPerSecond, burst: 2 * engine.requestsPerSecond };
  const access = await findClusterAccess({ env: io.env, ...(kubeconfig === undefined ? {} : { kubeconfig }) });
  await using client = openKubernetesClient({
    access,
    rateLimit,
    userAgent: `mcp-runtime-operator/${version}`,
  });
  const lost = Promise.withResolvers<never>();
  await using operator = await startClusterOperator({
    client,
    settings,
    listen: parseAddress(settings.listen, '--listen'),
    // Of a pod: its containers never run two at a time, so one that was killed leads again as soon as it is back.
    identity: `${hostname()}_${io.env['POD_UID'] ?? randomUUID()}`,
    version,
    onLost: (error: AppError) => lost.reject(error),
    clock: systemClock,
    log,
  });
  io.stdout.write(`operator at ${operator.adminUrl}\n`);
  await Promise.race([untilAborted(io.signal), lost.promise]);
}
