import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { LAZY_FROM_CLI, ROOMS, type Room } from './rooms.ts';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const IMPORT = /(?:^|\n)\s*(?:import|export)\b[^'"`;]*?\bfrom\s*['"]([^'"]+)['"]|(?:^|\n)\s*import\s*['"]([^'"]+)['"]/g;
const LAZY_IMPORT = /\bimport\(\s*['"]([^'"]+)['"]\s*\)/g;

interface Imports {
  readonly file: string;
  readonly eager: readonly string[];
  readonly lazy: readonly string[];
}

function importsOf(room: Room): readonly Imports[] {
  const files = globSync(`${room.folder}/src/**/*.ts`, { cwd: root }).filter((file) => !isTestOnly(file));
  return files.map((file) => {
    const text = readFileSync(join(root, file), 'utf8');
    const eager = [...text.matchAll(IMPORT)]
      .filter(([line]) => !/^\s*(import|export) type /.test(line.trim()))
      .map((match) => match[1] ?? match[2] ?? '');
    return { file, eager, lazy: [...text.matchAll(LAZY_IMPORT)].map((match) => match[1] ?? '') };
  });
}

function isTestOnly(file: string): boolean {
  return /\.test\.ts$|\/contract\.ts$|\/testdata\/|\/testing\//.test(file);
}

function roomOf(specifier: string): string | undefined {
  return /^@mcp-runtime\/([^/]+)/.exec(specifier)?.[1];
}

for (const [name, room] of Object.entries(ROOMS)) {
  test(`${name} imports only the rooms below it`, () => {
    for (const { file, eager, lazy } of importsOf(room)) {
      const rooms = [...eager, ...lazy].map(roomOf).filter((target) => target !== undefined);
      const wrong = rooms.filter((target) => target !== name && !room.mayImport.includes(target));
      assert.deepEqual(wrong, [], `${file} imports ${wrong.join(', ')}`);
    }
  });

  test(`${name} declares the rooms and packages that it imports`, () => {
    const manifest: { dependencies?: Record<string, string> } = JSON.parse(
      readFileSync(join(root, room.folder, 'package.json'), 'utf8'),
    );
    const declared = Object.keys(manifest.dependencies ?? {});
    for (const { file, eager, lazy } of importsOf(room)) {
      const packages = [...eager, ...lazy].filter((specifier) => !/^(\.|node:)/.test(specifier)).map(packageOf);
      const missing = packages.filter((target) => target !== `@mcp-runtime/${name}` && !declared.includes(target));
      assert.deepEqual(missing, [], `${file} imports what ${room.folder}/package.json does not declare`);
    }
  });

  if (room.node === 'any') continue;
  const allowed = room.node === 'none' ? [] : room.node.only.map((file) => `${room.folder}/${file}`);
  test(`${name} does no I/O: it imports nothing of Node but in ${allowed.join(', ') || 'no file'}`, () => {
    const using = importsOf(room).filter(({ eager, lazy }) =>
      [...eager, ...lazy].some((specifier) => specifier.startsWith('node:')),
    );
    assert.deepEqual(
      using.map(({ file }) => file).filter((file) => !allowed.includes(file)),
      [],
    );
  });
}

test('a room never reaches into the sources of another', () => {
  for (const room of Object.values(ROOMS)) {
    for (const { file, eager, lazy } of importsOf(room)) {
      const deep = [...eager, ...lazy].filter(
        (specifier) => /^@mcp-runtime\/[^/]+\/src/.test(specifier) || /^(\.\.\/){2,}(packages|apps)\//.test(specifier),
      );
      assert.deepEqual(deep, [], file);
    }
  }
});

test('the command line loads what is slow only when a command needs it', () => {
  const cli = ROOMS['cli'];
  assert.ok(cli);
  for (const { file, eager } of importsOf(cli)) {
    if (file.includes('/actions/')) continue;
    const early = eager.map(roomOf).filter((target) => LAZY_FROM_CLI.some((room) => room === target));
    assert.deepEqual(early, [], `${file} imports ${early.join(', ')} at once`);
  }
});

test('every folder of packages and apps is a room of the table', () => {
  const folders = globSync('{packages,apps}/*/package.json', { cwd: root }).map((file) => dirname(file));
  assert.deepEqual(
    folders.toSorted(),
    Object.values(ROOMS)
      .map((room) => room.folder)
      .toSorted(),
  );
});

function packageOf(specifier: string): string {
  const parts = specifier.split('/');
  return specifier.startsWith('@') ? parts.slice(0, 2).join('/') : (parts[0] ?? specifier);
}
