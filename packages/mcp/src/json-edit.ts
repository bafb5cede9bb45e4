import { memberAt, membersOf, skipSpace } from './json-text.ts';

/** The text of an object's member; undefined when there is none. `object` is JSON. */
export function memberText(object: string, name: string): string | undefined {
  const place = memberAt(object, skipSpace(object, 0), name);
  return place === undefined ? undefined : object.slice(place.start, place.end);
}

/**
 * An object's text with members set or, where the change is undefined, without them. The values of the others keep their
 * bytes, so that numbers keep their spelling; members that are new come last. `object` is JSON.
 */
export function withMembers(object: string, changes: Readonly<Record<string, string | undefined>>): string {
  const left = new Map(Object.entries(changes));
  const members: string[] = [];
  for (const [name, { start, end }] of membersOf(object, skipSpace(object, 0))) {
    const value = left.has(name) ? left.get(name) : object.slice(start, end);
    left.delete(name);
    if (value !== undefined) members.push(`${JSON.stringify(name)}:${value}`);
  }
  for (const [name, value] of left) if (value !== undefined) members.push(`${JSON.stringify(name)}:${value}`);
  return `{${members.join(',')}}`;
}
