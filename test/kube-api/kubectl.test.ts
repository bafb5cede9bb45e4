import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { before, suite, test } from 'node:test';
import { API_VERSION } from '../../packages/api/src/index.ts';
import { aNamespace, noCluster, openClient } from './support/cluster.ts';
import { type Kind, serveDefinitions, servedType } from './support/definitions.ts';

/** What a person sees who has nothing but kubectl. `UPDATE_GOLDEN=1` writes the files anew. */

const KUBECTL = process.env['MCP_TEST_KUBECTL'] ?? 'kubectl';
const TESTDATA = join(import.meta.dirname, 'testdata');
const ATTEMPTS = 240;

const why =
  noCluster === false && spawnSync(KUBECTL, ['--help']).error !== undefined ? 'there is no kubectl' : noCluster;

function kubectl(...args: readonly string[]): string {
  const { stdout, stderr } = spawnSync(KUBECTL, args, { encoding: 'utf8' });
  return stdout + stderr;
}

/** Tries again while they differ: the server publishes schemas a moment after it serves a kind. */
async function assertGolden(name: string, print: () => Promise<string> | string): Promise<void> {
  const path = join(TESTDATA, name);
  if (process.env['UPDATE_GOLDEN'] === '1') {
    writeFileSync(path, await print());
    return;
  }
  const golden = readFileSync(path, 'utf8');
  for (let attempt = 0; attempt < ATTEMPTS && (await print()) !== golden; attempt++) await delay(250);
  assert.equal(await print(), golden);
}

const EXPLAINED = [
  'mcpserver',
  'mcpserver.spec',
  'mcpserver.spec.source',
  'mcpserver.spec.tools',
  'mcpserver.spec.auth',
  'mcpserver.status',
  'mcpaccessgrant.spec',
  'mcpaccessgrant.status',
  'mcpagentsession.spec',
];

const CONDITION = { reason: 'HandshakeSucceeded', message: '', lastTransitionTime: '2026-01-02T03:04:05Z' };

const LISTED: Readonly<Record<string, { readonly kind: Kind; readonly spec: object; readonly status: object }>> = {
  mcpservers: {
    kind: 'MCPServer',
    spec: { source: { npm: { package: 'notes-server', version: '1.4.2' } }, transport: 'stdio', teamID: 'notes' },
    status: {
      phase: 'Running',
      conditions: [{ ...CONDITION, type: 'Ready', status: 'True' }],
      endpoint: 'https://mcp.example.com/notes/mcp',
      source: 'npm notes-server@1.4.2',
      policyRevision: 'sha256:0c1d',
      policyReady: true,
      gatewayReady: true,
      deploymentReady: true,
    },
  },
  mcpaccessgrants: {
    kind: 'MCPAccessGrant',
    spec: {
      serverRef: { name: 'notes' },
      subject: { humanID: 'jo@example.com', agentID: 'assistant' },
      maxTrust: 'medium',
      allowedSideEffects: ['read', 'write'],
    },
    status: { phase: 'ServerNotFound', message: 'there is no server `notes` in this namespace' },
  },
  mcpagentsessions: {
    kind: 'MCPAgentSession',
    spec: {
      serverRef: { name: 'notes' },
      subject: { humanID: 'jo@example.com', agentID: 'assistant' },
      expiresAt: '2030-01-02T03:04:05Z',
    },
    status: { phase: 'Active' },
  },
};

suite('kubectl on a real API server', { skip: why }, () => {
  before(async () => {
    await using client = await openClient();
    await serveDefinitions(client);
  });

  for (const path of EXPLAINED) {
    test(`kubectl explain ${path} reads well`, () =>
      assertGolden(`explain/${path}.txt`, () => kubectl('explain', path)));
  }

  for (const [plural, { kind, spec, status }] of Object.entries(LISTED)) {
    test(`kubectl get ${plural} tells what a person asks`, async () => {
      await using client = await openClient();
      await using namespace = await aNamespace(client, 'columns');
      const type = servedType(kind);
      const metadata = { namespace: namespace.name, name: 'notes' };
      await client.create(type, { apiVersion: API_VERSION, kind, metadata, spec });
      const print = async (): Promise<string> => {
        const found = await client.get(type, metadata);
        assert.ok(found);
        await client.updateStatus(type, { ...found, status }).catch(() => {});
        const get = ['get', plural, '--namespace', namespace.name];
        const text = `${kubectl(...get)}\n${kubectl(...get, '--output=wide')}`;
        return text.replaceAll(/ \d+s /g, ' 1s ').replaceAll(/ \d+s$/gm, ' 1s');
      };
      await assertGolden(`get/${plural}.txt`, print);
    });
  }

  for (const file of globSync(join(TESTDATA, 'refused', '*.in.yaml')).toSorted()) {
    const name = basename(file, '.in.yaml');
    test(`kubectl apply says what is wrong: ${name}`, async () => {
      await using client = await openClient();
      await using namespace = await aNamespace(client, 'refused');
      const apply = ['apply', '--dry-run=server', '--namespace', namespace.name, '--filename', file];
      await assertGolden(`refused/${name}.out.txt`, () => kubectl(...apply).replaceAll(file, 'FILE'));
    });
  }
});
