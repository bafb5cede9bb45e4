import { PARTS } from './parts.ts';
import { type Json, type JsonMap, type Setting, filled } from './setting.ts';

export interface RenderedPart {
  readonly name: string;
  readonly objects: readonly Json[];
}

/** Values by the path of their setting; defaults for the others. */
export function renderParts(values: JsonMap = {}): readonly RenderedPart[] {
  const value = ({ path, fallback }: Setting): Json => (values[path] === undefined ? fallback : values[path]);
  return PARTS.filter(({ when }) => when === undefined || value(when.setting) === when.is).map(({ name, objects }) => ({
    name,
    objects: objects.map((object) => filled(object, value)),
  }));
}
