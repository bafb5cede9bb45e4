import assert from 'node:assert/strict';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { MCPServer } from '@mcp-runtime/api';
import { parse, stringify } from 'yaml';
import { OperatorSettings } from '../settings.ts';
import { type DesiredObject, type Plan, type PlanObserved, planObjects } from './index.ts';
import { record, unrestricted } from './testing/restricted.ts';

const folder = fileURLToPath(new URL('./testdata/', import.meta.url));
const files = globSync(`${folder}*.in.yaml`).toSorted();

assert.ok(files.length > 0);
for (const file of files) {
  test(`plans ${basename(file, '.in.yaml').replaceAll('-', ' ')} as the golden file says`, () => {
    const plan = planOf(readFileSync(file, 'utf8'));
    const text = textOf(plan);
    const golden = file.replace('.in.yaml', '.golden.yaml');
    if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(golden, text);
    assert.equal(text, readFileSync(golden, 'utf8'));
    if (plan.kind === 'objects') for (const object of plan.objects) assert.deepEqual(faultsOf(object), []);
  });
}

function planOf(text: string): Plan {
  const input = record(parse(text));
  const settings = OperatorSettings.parse({
    images: { runtime: 'example.com/mcp-runtime:1' },
    ...record(input['settings']),
  });
  return planObjects(
    MCPServer.parse(serverOf(record(input['server']))),
    settings,
    observedOf(record(input['observed'])),
  );
}

/** The envelope that every server of these files has. */
function serverOf({ name = 'files', ...spec }: Readonly<Record<string, unknown>>): object {
  const metadata = { name, namespace: 'team-a', uid: '00000000-0000-4000-8000-000000000001' };
  return { apiVersion: 'mcpruntime.org/v1alpha1', kind: 'MCPServer', metadata, spec };
}

function observedOf(given: Readonly<Record<string, unknown>>): PlanObserved {
  const {
    autoscaled = [],
    addresses = {},
    activity = 'awake',
    apiServer = [],
    sessionKeys,
    serving,
  } = given as {
    autoscaled?: string[];
    addresses?: PlanObserved['addresses'];
    activity?: PlanObserved['activity'];
    apiServer?: PlanObserved['apiServer'];
    sessionKeys?: string;
    serving?: NonNullable<PlanObserved['serving']>;
  };
  const keys = sessionKeys === undefined ? {} : { sessionKeys };
  return {
    autoscaled: new Set(autoscaled),
    addresses,
    activity,
    apiServer,
    ...keys,
    ...(serving === undefined ? {} : { serving }),
  };
}

function textOf(plan: Plan): string {
  if (plan.kind === 'refused') {
    const { code, message, next } = plan.reason;
    return stringify({ refused: { code, message, next } }, { lineWidth: 0 });
  }
  return plan.objects
    .map((object) => `---\n${stringify(object, { lineWidth: 0, aliasDuplicateObjects: false })}`)
    .join('');
}

function faultsOf(object: DesiredObject): readonly string[] {
  if (object.kind !== 'Deployment') return [];
  return unrestricted(record(record(object['spec'])['template'])['spec']);
}
