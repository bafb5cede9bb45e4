import assert from 'node:assert/strict';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { parse } from 'yaml';
import { parsePolicy } from './parse.ts';
import { type RenderInput, isAdmitted, renderPolicy } from './render.ts';
import { faultOf } from './validate.ts';
import { renderInputs } from './testing/arbitrary-resources.ts';
import { readRenderInput } from './testing/render-input.ts';

const FOLDER = new URL('../testdata/render/', import.meta.url);
const names = globSync('*.in.yaml', { cwd: FOLDER }).map((file) => basename(file, '.in.yaml'));

for (const name of names.toSorted()) {
  test(`renders ${name} like its golden file (UPDATE_GOLDEN=1 rewrites it)`, () => {
    const golden = new URL(`${name}.out.json`, FOLDER);
    const text = `${JSON.stringify(renderPolicy(inputOf(name)), undefined, 2)}\n`;
    if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(golden, text);
    assert.equal(text, readFileSync(golden, 'utf8'));
  });
}

test('grants and sessions of a namespace that the owner does not admit are ignored and named', () => {
  const { server, ...rest } = inputOf('grants-of-other-namespaces');
  const { document, ignored } = renderPolicy({ server, ...rest });
  assert.deepEqual(new Set(document.grants?.map((grant) => grant.namespace)), new Set(['team-a', 'partners']));
  assert.deepEqual(
    ignored.map(({ kind, key }) => [kind, key.namespace, key.name]),
    [
      ['MCPAccessGrant', 'strangers', 'g'],
      ['MCPAgentSession', 'strangers', 's'],
    ],
  );
  const closed = { ...server, spec: { ...server.spec, access: { namespaces: [] } } };
  const alone = renderPolicy({ server: closed, ...rest });
  assert.deepEqual(new Set(alone.document.grants?.map((grant) => grant.namespace)), new Set(['team-a']));
  assert.equal(alone.document.sessions, undefined);
  assert.equal(alone.ignored.length, 4);
});

test('whatever the order of the resources, the rendering is byte for byte the same', () => {
  fc.assert(
    fc.property(shuffledInputs(), ([input, shuffled]) => {
      assert.equal(JSON.stringify(renderPolicy(shuffled)), JSON.stringify(renderPolicy(input)));
    }),
  );
});

test('what was rendered is valid and reads back as it was, revision included', () => {
  fc.assert(
    fc.property(renderInputs(), fc.constantFrom(undefined, 2), (input, indent) => {
      const { document } = renderPolicy(input);
      assert.equal(faultOf(document), undefined);
      const parsed = parsePolicy(JSON.stringify(document, undefined, indent));
      assert.deepEqual(parsed, { ok: true, document });
    }),
  );
});

test('every grant that is about the server is either in the document or ignored, by its namespace alone', () => {
  fc.assert(
    fc.property(renderInputs(), (input) => {
      const { document, ignored } = renderPolicy(input);
      const key = ({ namespace, name }: { readonly namespace?: string | undefined; name: string }): string =>
        `${namespace}/${name}`;
      const about = input.grants.filter(({ metadata, spec: { serverRef } }) => {
        const namespace = serverRef.namespace ?? metadata.namespace;
        return serverRef.name === input.server.metadata.name && namespace === input.server.metadata.namespace;
      });
      const [admitted, refused] = [true, false].map((wanted) =>
        about.filter((grant) => isAdmitted(grant, input.server) === wanted).map(({ metadata }) => key(metadata)),
      );
      assert.deepEqual(new Set(document.grants?.map(key) ?? []), new Set(admitted));
      const ignoredGrants = ignored.filter(({ kind }) => kind === 'MCPAccessGrant');
      assert.deepEqual(new Set(ignoredGrants.map((item) => key(item.key))), new Set(refused));
    }),
  );
});

function inputOf(name: string): RenderInput {
  return readRenderInput(parse(readFileSync(new URL(`${name}.in.yaml`, FOLDER), 'utf8'), { merge: true }));
}

function shuffledInputs(): fc.Arbitrary<readonly [RenderInput, RenderInput]> {
  return renderInputs().chain((input) =>
    fc
      .record({ grants: shuffled(input.grants), sessions: shuffled(input.sessions) })
      .map((order) => [input, { ...input, ...order }] as const),
  );
}

function shuffled<T>(items: readonly T[]): fc.Arbitrary<T[]> {
  return fc.shuffledSubarray([...items], { minLength: items.length });
}
