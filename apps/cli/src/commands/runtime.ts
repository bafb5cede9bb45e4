import type { LogLevel } from '@mcp-runtime/base';
import { SHELLS } from '../frame/completion.ts';
import { defineCommand } from '../frame/command.ts';
import { DATA_DIR, FILE, HOPS, TARGET, TLS } from './flags.ts';

const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const satisfies readonly LogLevel[];

export const RUNTIME_COMMANDS = [
  defineCommand({
    path: 'up',
    summary: 'run the runtime on this machine: servers, gateway, API and audit log in one process',
    description: 'Keeps running with a line per call until interrupted. Resources are kept between runs.',
    flags: {
      file: FILE,
      tour: { type: 'switch', summary: 'make the example calls, then stop; status 0 when all went as they should' },
      listen: { type: 'text', summary: 'address of the gateway', placeholder: 'HOST:PORT', default: '127.0.0.1:7400' },
      'api-listen': {
        type: 'text',
        summary: 'address of the platform API',
        placeholder: 'HOST:PORT',
        default: '127.0.0.1:7401',
      },
      'data-dir': DATA_DIR,
      ...HOPS,
      'allow-upstreams-in': {
        type: 'texts',
        summary: 'address range beside the internet in which a `source.url` may be',
        placeholder: 'CIDR',
      },
      ...TLS,
      'log-level': { type: 'text', summary: 'how much to log on standard error', values: LOG_LEVELS, default: 'warn' },
      quiet: { type: 'switch', short: 'q', summary: 'no line per call' },
    },
    examples: ['mcp-runtime up -f examples/local', 'mcp-runtime up -f examples/local --tour'],
    prints: 'plain',
    load: () => import('../actions/up.ts'),
  }),
  defineCommand({
    path: 'down',
    summary: 'stop the runtime of this machine',
    flags: { 'data-dir': DATA_DIR },
    examples: ['mcp-runtime down'],
    prints: 'plain',
    load: () => import('../actions/down.ts'),
  }),
  defineCommand({
    path: 'status',
    summary: 'show whether the runtime runs, where, and how its servers are',
    flags: TARGET,
    examples: ['mcp-runtime status', 'mcp-runtime status --output json'],
    prints: 'data',
    load: () => import('../actions/status.ts'),
  }),
  defineCommand({
    path: 'serve gateway',
    summary: 'run a gateway alone: in front of one MCP server, or of those that a cluster tells it of',
    description:
      'With --policy and --upstream it serves one server at /mcp; with --watch those of the cluster, each at its path. /health, /ready, /metrics and /config/status are beside them or on --admin-listen.',
    flags: {
      policy: { type: 'text', summary: 'policy document', placeholder: 'FILE' },
      upstream: { type: 'text', summary: 'MCP endpoint of the server', placeholder: 'URL' },
      watch: { type: 'switch', summary: 'follow the policies of every server that shared gateways serve in a cluster' },
      'watch-server': {
        type: 'text',
        summary: 'follow the policy of the one server that this gateway stands beside',
        placeholder: 'NAMESPACE/NAME',
      },
      'policy-cache': {
        type: 'text',
        summary: 'folder that keeps what was followed, for a start while the cluster is away',
        placeholder: 'DIR',
      },
      'stale-after': {
        type: 'text',
        summary: 'refuse every call when the cluster was away for so long; 0 is never (15m unless given)',
        placeholder: 'DURATION',
      },
      kubeconfig: {
        type: 'text',
        summary: 'credentials of the cluster; those of the pod when absent',
        placeholder: 'FILE',
      },
      'allow-upstreams-in': {
        type: 'texts',
        summary: 'address range beside the internet in which a `source.url` of a cluster may be',
        placeholder: 'CIDR',
      },
      listen: { type: 'text', summary: 'address to serve on', placeholder: 'HOST:PORT' },
      'admin-listen': { type: 'text', summary: 'address for health and metrics', placeholder: 'HOST:PORT' },
      'external-url': { type: 'text', summary: 'under which clients reach it, without /mcp', placeholder: 'URL' },
      ...TLS,
      'tls-client-certificates': {
        type: 'text',
        summary: 'whether the handshake itself refuses clients without a certificate',
        values: ['optional', 'required'],
      },
      ...HOPS,
      jwks: {
        type: 'text',
        summary: 'keys that session tokens are signed with; read again when they change',
        placeholder: 'FILE|URL',
      },
      'secrets-dir': {
        type: 'text',
        summary: 'folder of the secrets that the policy names, as NAME/KEY',
        placeholder: 'DIR',
      },
      'session-keys': {
        type: 'text',
        summary: 'keys that MCP session ids are sealed with, shared by replicas; made when absent',
        placeholder: 'FILE',
      },
      'audit-dir': { type: 'text', summary: 'folder for audit records', placeholder: 'DIR' },
      config: { type: 'text', summary: 'configuration file; flags win over it', placeholder: 'FILE' },
    },
    examples: [
      'mcp-runtime serve gateway --policy policy.json --upstream http://127.0.0.1:3001/mcp --listen 127.0.0.1:8091',
      'mcp-runtime serve gateway --watch --listen 0.0.0.0:8080 --admin-listen 0.0.0.0:9103',
    ],
    prints: 'plain',
    load: () => import('../actions/serve/gateway.ts'),
  }),
  defineCommand({
    path: 'serve operator',
    summary: 'run the operator of a Kubernetes cluster',
    description:
      'Makes the MCPServers of the cluster run, governed as their resources say. Of several replicas one writes. /health, /ready and /metrics are on --listen.',
    flags: {
      config: { type: 'text', summary: 'settings of the installation; flags win over it', placeholder: 'FILE' },
      kubeconfig: {
        type: 'text',
        summary: 'credentials; KUBECONFIG or those of the pod when absent',
        placeholder: 'FILE',
      },
      namespace: { type: 'text', short: 'n', summary: 'namespace of the installation', placeholder: 'NAME' },
      image: { type: 'text', summary: 'image of this product, for runners and gateways', placeholder: 'IMAGE' },
      listen: { type: 'text', summary: 'address for health and metrics', placeholder: 'HOST:PORT' },
      'log-level': { type: 'text', summary: 'how much to log on standard error', values: LOG_LEVELS },
    },
    examples: ['mcp-runtime serve operator --config operator.yaml'],
    prints: 'plain',
    load: () => import('../actions/serve/operator.ts'),
  }),
  defineCommand({
    path: 'serve bridge',
    summary: 'serve a stdio MCP server as Streamable HTTP',
    flags: {
      listen: { type: 'text', summary: 'address to serve on', placeholder: 'HOST:PORT', default: '127.0.0.1:8090' },
      isolation: {
        type: 'text',
        summary: 'a process for each session, or one for all',
        values: ['session', 'shared'],
        default: 'session',
      },
    },
    examples: ['mcp-runtime serve bridge -- npx -y @modelcontextprotocol/server-memory'],
    rest: 'the command to run and its arguments',
    prints: 'plain',
    load: () => import('../actions/serve/bridge.ts'),
  }),
  defineCommand({
    path: 'serve runner',
    summary: 'install an MCP server, run it and serve it: the program in its pod',
    description:
      'What to run is in the variable MCP_RUNNER, which the operator sets. Variables that begin with SERVER_ENV_ are for the server. The port is open while the server answers.',
    flags: {
      'data-dir': {
        type: 'text',
        summary: 'folder for packages and for the files of the server; one in the cache volume unless given',
        placeholder: 'DIR',
      },
    },
    examples: ['mcp-runtime serve runner', 'mcp-runtime serve runner --data-dir /tmp/runner'],
    prints: 'plain',
    load: () => import('../actions/serve/runner.ts'),
  }),
  defineCommand({
    path: 'completion',
    summary: 'print the completion script of a shell',
    args: [{ name: 'SHELL', summary: SHELLS.join(', '), required: 'yes', values: SHELLS }],
    flags: {},
    examples: ['source <(mcp-runtime completion bash)'],
    prints: 'plain',
    load: () => import('../actions/completion.ts'),
  }),
  defineCommand({
    path: 'version',
    summary: 'show the version',
    flags: {},
    examples: ['mcp-runtime version --output json'],
    prints: 'data',
    load: () => import('../actions/version.ts'),
  }),
];
