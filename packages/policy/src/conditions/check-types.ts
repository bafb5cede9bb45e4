import { Environment } from '@marcbachmann/cel-js';
import { type ArgumentType, type ObjectType, typeName } from './argument-types.ts';
import { type ArgumentPath, type Expression } from './expression.ts';

const SHOWN_NAMES = 12;

/** Why an expression can never hold for arguments of these types; undefined when it can, as far as types tell. */
export function faultInTypes(expression: Expression, types: ObjectType | undefined): string | undefined {
  for (const path of types === undefined ? [] : expression.paths) {
    const fault = faultInPath(path, types);
    if (fault !== undefined) return fault;
  }
  const { valid, type, error } = environmentOf(types).check(expression.text);
  if (!valid) return `${error?.summary ?? 'it cannot be typed'}${typesNamed(expression.paths, types)}`;
  return type === 'bool' ? undefined : `its value is ${type ?? 'of no type'}, it must be a bool`;
}

function faultInPath(path: ArgumentPath, types: ObjectType | undefined): string | undefined {
  let at: ArgumentType | undefined = types;
  for (const [index, name] of path.entries()) {
    if (at?.kind !== 'object') return undefined;
    const next: ArgumentType | undefined = at.fields.get(name);
    if (next === undefined) return absent(path.slice(0, index + 1), [...at.fields.keys()]);
    at = next;
  }
  return undefined;
}

function absent(path: ArgumentPath, known: readonly string[]): string {
  const shown = known.slice(0, SHOWN_NAMES).join(', ');
  const more = known.length > SHOWN_NAMES ? ` and ${known.length - SHOWN_NAMES} more` : '';
  const allowed = known.length === 0 ? 'it takes none' : `allowed: ${shown}${more}`;
  return `\`arguments.${path.join('.')}\` is not in the input schema of the tool, ${allowed}`;
}

/** `; arguments.count is int`: what a person needs to see why types do not fit. */
function typesNamed(paths: readonly ArgumentPath[], types: ObjectType | undefined): string {
  const named = paths.map((path) => {
    let at: ArgumentType | undefined = types;
    for (const name of path) at = at?.kind === 'object' ? at.fields.get(name) : undefined;
    return at === undefined ? '' : `; \`arguments.${path.join('.')}\` is ${typeName(at)}`;
  });
  return [...new Set(named)].join('');
}

function environmentOf(types: ObjectType | undefined): Environment {
  const environment = new Environment().registerVariable('identity', 'map<string, string>');
  if (types === undefined) return environment.registerVariable('arguments', 'map<string, dyn>');
  return environment.registerVariable('arguments', declared(environment, 'Arguments', types));
}

/** Declares a type, those of its fields first, and returns its name. */
function declared(environment: Environment, name: string, type: ArgumentType): string {
  if (type.kind === 'map') return 'map<string, dyn>';
  if (type.kind !== 'object') return typeName(type);
  const fields: Record<string, string> = Object.create(null);
  for (const [index, [field, inner]] of [...type.fields].entries())
    fields[field] = declared(environment, `${name}F${index}`, inner);
  environment.registerType(name, { fields: { ...fields } });
  return name;
}
