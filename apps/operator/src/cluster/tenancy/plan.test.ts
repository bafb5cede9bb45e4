import assert from 'node:assert/strict';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { NAMESPACES } from '@mcp-runtime/kube';
import { parse, stringify } from 'yaml';
import { OperatorSettings } from '../settings.ts';
import { type TenantPlan, planTenant } from './plan.ts';

const FOLDER = fileURLToPath(new URL('./testdata/', import.meta.url));

for (const file of globSync(`${FOLDER}*.in.yaml`).toSorted()) {
  test(`furnishes ${basename(file, '.in.yaml').replaceAll('-', ' ')} as the golden file says`, () => {
    const golden = file.replace('.in.yaml', '.golden.yaml');
    const text = stringify(planOf(readFileSync(file, 'utf8')), { aliasDuplicateObjects: false });
    if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(golden, text);
    assert.equal(text, readFileSync(golden, 'utf8'));
  });
}

function planOf(text: string): TenantPlan {
  const { namespace, ...settings } = parse(text);
  const object = NAMESPACES.parse({ apiVersion: 'v1', kind: 'Namespace', metadata: { ...namespace, namespace: '' } });
  return planTenant(object, OperatorSettings.parse({ images: { runtime: 'example.com/mcp-runtime:1' }, ...settings }));
}

const tenancy = OperatorSettings.shape.tenancy;

for (const [what, given, path] of [
  ['a quantity that is none', { quota: { pods: 'many' } }, 'quota.pods'],
  ['a limit without memory', { defaultLimit: { cpu: '1' } }, 'defaultLimit.memory'],
  ['a setting that there is none of', { quotas: {} }, ''],
] as const) {
  test(`refuses ${what}, and says where`, () => {
    const { error } = tenancy.safeParse(given);
    assert.deepEqual(
      error?.issues.map((issue) => issue.path.join('.')),
      [path],
    );
  });
}
