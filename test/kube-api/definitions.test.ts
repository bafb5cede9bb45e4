import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, suite, test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { API_VERSION, RESOURCE_KINDS } from '../../packages/api/src/index.ts';
import { GRANT_SPECS, SERVER_SPECS, SESSION_SPECS } from '../../packages/api/src/testing/specs.ts';
import { aNamespace, noCluster, openClient } from './support/cluster.ts';
import { type Kind, serveDefinitions, servedType } from './support/definitions.ts';

/** What no schema of Kubernetes can say: the webhook refuses it. */
const LEFT_TO_THE_WEBHOOK: readonly string[] = ['an upstream credential that frames the message'];

const TABLES = { MCPServer: SERVER_SPECS, MCPAccessGrant: GRANT_SPECS, MCPAgentSession: SESSION_SPECS } as const;
const KINDS: readonly Kind[] = ['MCPServer', 'MCPAccessGrant', 'MCPAgentSession'];

/** Manifests of before this runtime, and the examples. */
const MANIFESTS = globSync(['packages/control-plane/src/files/testdata/*.in.yaml', 'examples/*/*.yaml'], {
  cwd: join(import.meta.dirname, '../..'),
});

suite('definitions on a real API server', { skip: noCluster }, () => {
  before(async () => {
    await using client = await openClient();
    await serveDefinitions(client);
  });

  for (const kind of KINDS) {
    test(`the API server takes and refuses as the schema of ${kind} does`, async () => {
      await using client = await openClient();
      await using namespace = await aNamespace(client, 'rows');
      const type = servedType(kind);
      const verdicts = await Promise.all(
        TABLES[kind].map(async ({ id, spec }, index) => {
          const metadata = { namespace: namespace.name, name: `row-${index}` };
          const object = { apiVersion: API_VERSION, kind, metadata, spec };
          const verdict = await client.create(type, object, { dryRun: 'dry-run' }).then(
            () => 'taken',
            (error: { code?: string }) => error.code,
          );
          return [id, verdict] as const;
        }),
      );
      const expected = TABLES[kind].map(({ id, fault }) => {
        const isTaken = fault === undefined || LEFT_TO_THE_WEBHOOK.includes(id);
        return [id, isTaken ? 'taken' : 'invalid_resource'] as const;
      });
      assert.deepEqual(verdicts, expected);
    });
  }

  for (const file of MANIFESTS) {
    test(`${file} applies unchanged and gets the defaults of the schemas`, async () => {
      await using client = await openClient();
      await using namespace = await aNamespace(client, 'manifest');
      for (const document of parseAllDocuments(readFileSync(join(import.meta.dirname, '../..', file), 'utf8'))) {
        const object: { kind: string; metadata: object } = document.toJS();
        const kind = KINDS.find((known) => known === object.kind);
        if (kind === undefined) continue;
        const moved = { ...object, metadata: { ...object.metadata, namespace: namespace.name } };
        const applied = await client.apply(servedType(kind), moved, { fieldManager: 'test' });
        assert.deepEqual(
          applied.object.spec,
          JSON.parse(JSON.stringify(RESOURCE_KINDS[kind].schema.parse(moved).spec)),
        );
      }
    });
  }
});
