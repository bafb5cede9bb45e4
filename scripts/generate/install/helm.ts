import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { crdFiles } from '../crds.ts';
import { GENERATED } from './kustomize.ts';
import { PARTS, type Part } from './parts.ts';
import { SETTINGS } from './settings.ts';
import { type Json, type JsonMap, type Setting, filled, setting, yaml } from './setting.ts';

/** A chart (Helm documentation, "Charts"): the same objects, with values where the source has settings. */

const CHART = 'deploy/helm/mcp-runtime';

const CRDS = setting('crds.install', true, 'The three kinds of resources. They stay when the chart goes.', {
  type: 'boolean',
});

const ALL_SETTINGS: readonly Setting[] = [CRDS, ...Object.values(SETTINGS)];

export const helmFiles: Readonly<Record<string, () => string>> = {
  [`${CHART}/Chart.yaml`]: () => `${GENERATED}${yaml(chart())}`,
  [`${CHART}/values.yaml`]: () => `${GENERATED}${valuesText(valueTree())}`,
  [`${CHART}/values.schema.json`]: () => `${JSON.stringify(schemaOf(valueTree()), undefined, 2)}\n`,
  ...Object.fromEntries(PARTS.map((part) => [`${CHART}/templates/${part.name}.yaml`, () => templateOf(part)])),
  ...Object.fromEntries(
    Object.entries(crdFiles).map(([path, make]) => [
      `${CHART}/templates/crd-${path.slice(path.lastIndexOf('_') + 1)}`,
      () => conditional(CRDS, true, keptCrd(make())),
    ]),
  ),
};

function chart(): JsonMap {
  const manifest: { version: string; description: string } = JSON.parse(
    readFileSync(join(import.meta.dirname, '../../../package.json'), 'utf8'),
  );
  return {
    apiVersion: 'v2',
    name: 'mcp-runtime',
    type: 'application',
    description: manifest.description,
    version: manifest.version,
    appVersion: manifest.version,
    kubeVersion: '>=1.31.0-0',
  };
}

/** A word that YAML writes as it is, and that is found again. */
const PLACE = /SETTING\(([A-Za-z.]+)\)/g;
/** The same as the text of a file: YAML in a string. */
const TEXT_PLACE = /text SETTING\(([A-Za-z.]+)\)/g;
/** The same as its digest. */
const DIGEST_PLACE = /digest SETTING\(([A-Za-z.]+)\)/g;

function templateOf({ objects, when }: Part): string {
  const text = objects.map((object) => yaml(filled(object, ({ path }) => `SETTING(${path})`))).join('---\n');
  const template = escaped(text)
    .replaceAll(TEXT_PLACE, '{{ .Values.$1 | toYaml | toJson }}')
    .replaceAll(DIGEST_PLACE, '{{ .Values.$1 | toYaml | sha256sum | quote }}')
    .replaceAll(PLACE, '{{ .Values.$1 | toJson }}');
  return when === undefined ? `${GENERATED}${template}` : conditional(when.setting, when.is, template);
}

function conditional({ path }: Setting, is: Json, template: string): string {
  return `${GENERATED}{{- if eq .Values.${path} ${JSON.stringify(is)} }}\n${template}{{- end }}\n`;
}

function keptCrd(text: string): string {
  return escaped(text.replace(GENERATED, '')).replace(
    /^metadata:\n/m,
    'metadata:\n  annotations:\n    helm.sh/resource-policy: keep\n',
  );
}

/** Braces of the text itself are no template. */
function escaped(text: string): string {
  return text.replaceAll('{{', '{{ "{{" }}');
}

/** Settings by the parts of their paths. */
interface Tree {
  readonly [name: string]: Tree | Setting;
}

function valueTree(): Tree {
  return ALL_SETTINGS.reduce<Tree>((tree, leaf) => planted(tree, leaf.path.split('.'), leaf), {});
}

function planted(tree: Tree, [name = '', ...rest]: readonly string[], leaf: Setting): Tree {
  const below = tree[name];
  if (rest.length === 0) return { ...tree, [name]: leaf };
  return { ...tree, [name]: planted(below === undefined || isLeaf(below) ? {} : below, rest, leaf) };
}

function valuesText(tree: Tree, indent = ''): string {
  return Object.entries(tree)
    .map(([name, node]) => {
      if (!isLeaf(node)) return `${indent}${name}:\n${valuesText(node, `${indent}  `)}`;
      const text = yaml({ [name]: node.fallback })
        .trimEnd()
        .replaceAll(/^/gm, indent);
      return `${indent}# ${node.description}\n${text}\n`;
    })
    .join('');
}

function schemaOf(tree: Tree): JsonMap {
  const properties = Object.entries(tree).map(([name, node]): [string, JsonMap] => [
    name,
    isLeaf(node) ? { description: node.description, ...node.schema } : schemaOf(node),
  ]);
  return { type: 'object', additionalProperties: false, properties: Object.fromEntries(properties) };
}

function isLeaf(node: Tree | Setting): node is Setting {
  return typeof node.path === 'string';
}
