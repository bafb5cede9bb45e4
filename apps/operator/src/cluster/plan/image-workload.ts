import { type MCPServer, resolveServer } from '@mcp-runtime/api';
import { CONFINED, type Container, DRAIN, type VolumeMount, literal, tcpProbes } from './container.ts';
import { beside, declaredEnv } from './environment.ts';
import { imageOf } from './image.ts';
import { workloadName } from './names.ts';
import { type Fields } from './object.ts';
import { SERVER_RESOURCES, resourcesOf } from './resources.ts';
import { type PlanSettings } from './settings.ts';
import { type Workload } from './workload.ts';

const START_SECONDS = 120;
const SCRATCH = 'scratch';
const SCRATCH_SIZE = '1Gi';

/** A server in an image of its own, which speaks HTTP. */
export function imageWorkload(server: MCPServer, image: string, settings: PlanSettings): Workload {
  const { spec } = server;
  const declared = declaredEnv(spec);
  const own = { PORT: String(spec.port), MCP_PATH: resolveServer(server).upstreamPath };
  const container = {
    ...imageContainer(server, image, settings),
    ...(spec.command === undefined ? {} : { command: spec.command.map(literal) }),
    ...(spec.args === undefined ? {} : { args: spec.args.map(literal) }),
    env: [...declared, ...beside(declared, own)],
  };
  return { containers: [container], initContainers: [], volumes: [SCRATCH_VOLUME] };
}

/** What all containers of images have, whatever is started in them. */
export function imageContainer({ metadata, spec }: MCPServer, image: string, settings: PlanSettings): Container {
  return {
    name: workloadName(metadata.name),
    image: imageOf(image, spec, settings),
    imagePullPolicy: 'IfNotPresent',
    ports: [{ name: 'http', containerPort: spec.port, protocol: 'TCP' }],
    resources: resourcesOf(spec.resources, SERVER_RESOURCES, 'spec.resources'),
    volumeMounts: scratchMounts(spec.writablePaths),
    securityContext: CONFINED,
    lifecycle: DRAIN,
    ...tcpProbes('http', START_SECONDS),
  };
}

/** What an image may write to, and every start finds empty. */
export const SCRATCH_VOLUME: Fields = { name: SCRATCH, emptyDir: { sizeLimit: SCRATCH_SIZE } };

export function scratchMounts(writablePaths: readonly string[] | undefined): readonly VolumeMount[] {
  const paths = new Set(['/tmp', ...(writablePaths ?? [])]);
  return [...paths].map((path, index) => ({
    name: SCRATCH,
    mountPath: path,
    subPath: index === 0 ? 'tmp' : `path-${index}`,
  }));
}
