// Volumes for the audit records of gateways on the test node, which makes none by itself: folders of the state of its cluster.
import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { AuditEvent } from '../../../packages/api/src/index.ts';
import { readSpool, verifyChain } from '../../../packages/events/src/index.ts';
import { kubectl } from '../../support/kubectl.ts';

const CLASS = 'mcp-audit-test';

export interface AuditVolumes {
  /** For `install`. */
  readonly settings: readonly string[];
  /** Of every volume: that each chain is whole, with the writers, and how many records each request has. */
  read(): Promise<{ readonly writers: readonly string[]; readonly records: ReadonlyMap<string, number> }>;
}

/** As many volumes as there are gateways, kept in `folder`, which is on the node. */
export async function auditVolumes(folder: string, count: number): Promise<AuditVolumes> {
  const [node] = JSON.parse(await kubectl(['get', 'nodes', '--output=json'])).items;
  const paths = Array.from({ length: count }, (_, index) => join(folder, `gateway-${index}`));
  const items = paths.map((path, index) => volume(`${CLASS}-${index}`, path, node.metadata.name));
  for (const path of paths) await mkdir(path, { recursive: true });
  await kubectl(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
  return {
    settings: ['gateway.auditVolume=claim', `gateway.storageClass=${CLASS}`],
    read: async () => {
      const writers: string[] = [];
      const records = new Map<string, number>();
      for (const path of paths) {
        const spool = join(path, 'audit');
        const result = await verifyChain(readSpool(spool));
        assert.equal(result.firstBad, undefined);
        for (const { writer, first } of result.writers) {
          assert.equal(first, 1, `the chain of ${writer} has its beginning`);
          writers.push(writer);
        }
        for await (const { event } of readSpool(spool)) {
          const { payload } = AuditEvent.parse(JSON.parse(event));
          records.set(payload.request_id, (records.get(payload.request_id) ?? 0) + 1);
        }
      }
      return { writers: writers.toSorted(), records };
    },
  };
}

function volume(name: string, path: string, node: string): object {
  const matchExpressions = [{ key: 'kubernetes.io/hostname', operator: 'In', values: [node] }];
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name },
    spec: {
      capacity: { storage: '2Gi' },
      accessModes: ['ReadWriteOnce'],
      persistentVolumeReclaimPolicy: 'Retain',
      storageClassName: CLASS,
      local: { path },
      nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions }] } },
    },
  };
}
