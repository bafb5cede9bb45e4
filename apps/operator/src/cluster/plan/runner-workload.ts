import { type MCPServer, RUNNER, type RunnerInstructions, type Source, keyOf, resolveServer } from '@mcp-runtime/api';
import { CONFINED, DRAIN, literal, tcpProbes } from './container.ts';
import { declaredEnv } from './environment.ts';
import { SCRATCH_VOLUME, scratchMounts } from './image-workload.ts';
import { workloadName } from './names.ts';
import { refuse } from './refusal.ts';
import { RUNNER_RESOURCES, resourcesOf } from './resources.ts';
import { type PlanSettings } from './settings.ts';
import { type Workload } from './workload.ts';

/** A package is installed first: as long as an installation may take, and the start of the server after it. */
const START_SECONDS = 360;
const CACHE = 'cache';
const CACHE_SIZE = '2Gi';

/** A server that is no image: the product's image installs it, starts it and bridges it. */
export function runnerWorkload(server: MCPServer, source: Source, settings: PlanSettings): Workload {
  const { metadata, spec } = server;
  const own = {
    [RUNNER.instructions]: JSON.stringify(instructionsOf(server, source, 'none')),
    ...toolSettings(settings),
  };
  const probes = tcpProbes('http', START_SECONDS);
  return {
    containers: [
      {
        name: workloadName(metadata.name),
        image: runnerImage(source, settings),
        imagePullPolicy: settings.images.pullPolicy,
        args: ['serve', 'runner'],
        ports: [{ name: 'http', containerPort: spec.port, protocol: 'TCP' }],
        env: [
          ...Object.entries(own).map(([name, value]) => ({ name, value: literal(value) })),
          ...declaredEnv(spec, RUNNER.serverVariable),
        ],
        resources: resourcesOf(spec.resources, RUNNER_RESOURCES, 'spec.resources'),
        volumeMounts: [...scratchMounts([]), { name: CACHE, mountPath: RUNNER.cache }],
        securityContext: CONFINED,
        lifecycle: DRAIN,
        terminationMessagePolicy: 'FallbackToLogsOnError',
        ...probes,
        // The port is closed while the runner waits before it starts the server again: that is its business.
        livenessProbe: { ...probes.livenessProbe, failureThreshold: 18 },
      },
    ],
    initContainers: [],
    volumes: [SCRATCH_VOLUME, { name: CACHE, emptyDir: { sizeLimit: CACHE_SIZE } }],
  };
}

/** What the runner of a server is told. */
export function instructionsOf(
  server: MCPServer,
  source: Source,
  environment: RunnerInstructions['environment'],
): RunnerInstructions {
  const { bridge, upstreamPath } = resolveServer(server);
  return {
    schema_version: 'v1',
    server: keyOf(server),
    source,
    environment,
    transport: server.spec.transport,
    port: server.spec.port,
    mcp_path: upstreamPath,
    bridge: { isolation: bridge.isolation, max_sessions: bridge.maxSessions },
  };
}

function runnerImage(source: Source, { images }: PlanSettings): string {
  if (source.pypi === undefined) return images.runtime;
  return (
    images.pypi ??
    refuse(
      'source_unsupported',
      'spec.source.pypi: this installation has no image with Python',
      'set `images.pypi` in the settings of the operator',
    )
  );
}

/** Where package managers get packages, and where they keep what they got. */
function toolSettings({ packages: { npmRegistry, pypiIndex } }: PlanSettings): Readonly<Record<string, string>> {
  return {
    HOME: `${RUNNER.cache}/home`,
    npm_config_cache: `${RUNNER.cache}/npm`,
    UV_CACHE_DIR: `${RUNNER.cache}/uv`,
    PIP_CACHE_DIR: `${RUNNER.cache}/pip`,
    ...(npmRegistry === undefined ? {} : { npm_config_registry: npmRegistry }),
    ...(pypiIndex === undefined ? {} : { UV_DEFAULT_INDEX: pypiIndex, PIP_INDEX_URL: pypiIndex }),
    // What an installation names without encryption is meant so: pip passes over such an index unless it is told.
    ...(pypiIndex?.startsWith('http:') ? { PIP_TRUSTED_HOST: new URL(pypiIndex).host } : {}),
  };
}
