/** The page names every error that can end a request. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { ERRORS, isErrorCode } from '@mcp-runtime/api';

const root = dirname(dirname(import.meta.dirname));
const page = readFileSync(join(root, 'docs/concepts/life-of-a-request.md'), 'utf8');

/** Errors of starting, not of serving. */
const OF_START: ReadonlySet<string> = new Set(['invalid_config', 'port_in_use']);

test('every error of the gateway and of policy has its step', () => {
  const files = globSync(['apps/gateway/src/**/*.ts', 'packages/policy/src/*.ts'], { cwd: root });
  const sources = files.filter((file) => !/\.test\.ts$|\/testing\//.test(file));
  const texts = sources.map((file) => readFileSync(join(root, file), 'utf8')).join('\n');
  const used = Object.keys(ERRORS).filter((code) => texts.includes(`'${code}'`) && !OF_START.has(code));
  assert.deepEqual(
    used.filter((code) => !page.includes(`\`${code}\``)),
    [],
  );
});

test('the errors that it names exist', () => {
  const named = [...page.matchAll(/`([a-z]+(?:_[a-z]+)+)`/g)].map(([, code]) => code ?? '');
  assert.deepEqual(
    named.filter((code) => !isErrorCode(code)),
    [],
  );
});
