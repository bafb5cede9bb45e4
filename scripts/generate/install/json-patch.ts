import { type Json, type JsonMap } from './setting.ts';

interface Operation {
  readonly op: 'add' | 'remove' | 'replace';
  readonly path: string;
  readonly value?: Json;
}

/** What makes one document of another (RFC 6902). Lists that differ in length are replaced whole. */
export function jsonPatch(from: Json, to: Json, path = ''): readonly Operation[] {
  if (isMap(from) && isMap(to)) return mapPatch(from, to, path);
  if (isList(from) && isList(to) && from.length === to.length) {
    return from.flatMap((item, index) => jsonPatch(item, to[index] ?? null, `${path}/${index}`));
  }
  return JSON.stringify(from) === JSON.stringify(to) ? [] : [{ op: 'replace', path, value: to }];
}

function mapPatch(from: JsonMap, to: JsonMap, path: string): readonly Operation[] {
  const names = [...new Set([...Object.keys(from), ...Object.keys(to)])];
  return names.flatMap((name): readonly Operation[] => {
    const [old, now] = [own(from, name), own(to, name)];
    const at = `${path}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    if (old === undefined) return now === undefined ? [] : [{ op: 'add', path: at, value: now }];
    return now === undefined ? [{ op: 'remove', path: at }] : jsonPatch(old, now, at);
  });
}

function own(map: JsonMap, name: string): Json | undefined {
  return Object.hasOwn(map, name) ? map[name] : undefined;
}

export function isMap(value: Json): value is JsonMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}
