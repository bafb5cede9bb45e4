import { type MCPServer, RUNNER } from '@mcp-runtime/api';
import { CONFINED, literal } from './container.ts';
import { declaredEnv } from './environment.ts';
import { SCRATCH_VOLUME, imageContainer } from './image-workload.ts';
import { refuse } from './refusal.ts';
import { instructionsOf } from './runner-workload.ts';
import { type PlanSettings } from './settings.ts';
import { type Workload } from './workload.ts';

/** Where the product is in its own image, with all that it needs to run in another one. */
const PRODUCT = '/opt/mcp-runtime';
/** Where it is put in the image of a server: a path that no image has. */
const COPY = '/.mcp-runtime';
const VOLUME = 'mcp-runtime';
const DATA = '/tmp/.mcp-runtime';

/** The product's image has no `cp`; the name of its loader depends on the architecture, which a plan does not know. */
const COPY_SCRIPT = `
const { cpSync, copyFileSync, readdirSync } = require('node:fs');
cpSync('${PRODUCT}', '${COPY}', { recursive: true });
const loader = readdirSync('${COPY}/lib').find((name) => name.startsWith('ld-linux'));
copyFileSync('${COPY}/lib/' + loader, '${COPY}/lib/loader');
`;

const COPY_RESOURCES = { requests: { cpu: '50m', memory: '64Mi' }, limits: { cpu: '1', memory: '256Mi' } };

/** A server in an image of its own that speaks on its standard streams: the product joins it there and bridges it. */
export function stdioImageWorkload(server: MCPServer, image: string, settings: PlanSettings): Workload {
  const { spec } = server;
  const [command, ...args] = spec.command ?? [];
  if (command === undefined) {
    return refuse(
      'invalid_resource',
      'spec.command: is missing; an image with transport `stdio` is started by the bridge, not by its entry point',
      'set `spec.command` to the program in the image and its arguments',
    );
  }
  const source = { command: { command, args: [...args, ...(spec.args ?? [])], cwd: '.' } };
  const instructions = JSON.stringify(instructionsOf(server, source, 'all'));
  const container = imageContainer(server, image, settings);
  return {
    containers: [
      {
        ...container,
        command: [
          `${COPY}/lib/loader`,
          '--library-path',
          `${COPY}/lib`,
          `${COPY}/bin/node`,
          '--max-semi-space-size=4',
          `${COPY}/app/bin/mcp-runtime.mjs`,
          'serve',
          'runner',
          '--data-dir',
          DATA,
        ],
        env: [{ name: RUNNER.instructions, value: literal(instructions) }, ...declaredEnv(spec, RUNNER.serverVariable)],
        volumeMounts: [...container.volumeMounts, { name: VOLUME, mountPath: COPY, readOnly: true }],
        terminationMessagePolicy: 'FallbackToLogsOnError',
      },
    ],
    initContainers: [
      {
        name: 'copy-mcp-runtime',
        image: settings.images.runtime,
        imagePullPolicy: settings.images.pullPolicy,
        command: [`${PRODUCT}/bin/node`, '-e', COPY_SCRIPT],
        resources: COPY_RESOURCES,
        volumeMounts: [{ name: VOLUME, mountPath: COPY }],
        securityContext: CONFINED,
      },
    ],
    volumes: [SCRATCH_VOLUME, { name: VOLUME, emptyDir: { sizeLimit: '512Mi' } }],
  };
}
