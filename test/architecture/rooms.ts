/** Which room may import which. Downward only; the packages of third parties are in each room's package.json. */
export interface Room {
  readonly folder: string;
  readonly mayImport: readonly string[];
  /** `none`: no `node:*` at all. `only`: just the listed files may. `any`: no limit. */
  readonly node: 'any' | 'none' | { readonly only: readonly string[] };
}

const ground = ['api', 'base'];

export const ROOMS: Readonly<Record<string, Room>> = {
  base: { folder: 'packages/base', mayImport: [], node: 'any' },
  api: { folder: 'packages/api', mayImport: ['base'], node: 'none' },
  mcp: { folder: 'packages/mcp', mayImport: ground, node: 'none' },
  policy: { folder: 'packages/policy', mayImport: ground, node: { only: ['src/revision.ts'] } },
  kube: { folder: 'packages/kube', mayImport: ground, node: 'any' },
  events: { folder: 'packages/events', mayImport: ground, node: 'any' },
  'control-plane': { folder: 'packages/control-plane', mayImport: ['policy', 'kube', ...ground], node: 'any' },
  delivery: { folder: 'packages/delivery', mayImport: ['policy', 'kube', ...ground], node: 'any' },
  operator: {
    folder: 'apps/operator',
    mayImport: ['control-plane', 'delivery', 'policy', 'kube', ...ground],
    node: 'any',
  },
  gateway: { folder: 'apps/gateway', mayImport: ['mcp', 'policy', ...ground], node: 'any' },
  bridge: { folder: 'apps/bridge', mayImport: ['mcp', ...ground], node: 'any' },
  'platform-api': {
    folder: 'apps/platform-api',
    mayImport: ['control-plane', 'policy', 'kube', 'events', ...ground],
    node: 'any',
  },
  local: {
    folder: 'apps/local',
    mayImport: [
      'operator',
      'gateway',
      'bridge',
      'platform-api',
      'control-plane',
      'policy',
      'kube',
      'events',
      ...ground,
    ],
    node: 'any',
  },
  cli: {
    folder: 'apps/cli',
    mayImport: [
      'control-plane',
      'delivery',
      'policy',
      'kube',
      'events',
      'local',
      'operator',
      'gateway',
      'bridge',
      ...ground,
    ],
    node: 'any',
  },
};

/** Rooms that another room's program may only load when it needs them. */
export const LAZY_FROM_CLI = [
  'local',
  'operator',
  'gateway',
  'bridge',
  'events',
  'kube',
  'policy',
  'delivery',
] as const;
