// Prints the manifests of an installation: `npm run -s manifest -- [--overlay NAME] [--set PATH=VALUE]… | kubectl apply --server-side -f -`
import { parse } from 'yaml';
import { flagsOf, refuse } from './flags.ts';
import { installText } from './generate/install/kustomize.ts';
import { OVERLAYS } from './generate/install/overlays.ts';
import { SETTINGS } from './generate/install/settings.ts';
import { type Json } from './generate/install/setting.ts';

const USAGE = `usage: npm run -s manifest -- [--overlay NAME] [--set PATH=VALUE]…

overlays: ${Object.keys(OVERLAYS).join(', ')}
settings: ${Object.values(SETTINGS)
  .map(({ path }) => path)
  .join(', ')}`;
const values = flagsOf(USAGE, {
  overlay: { type: 'string' },
  set: { type: 'string', multiple: true, default: [] },
});
try {
  process.stdout.write(manifest());
} catch (error) {
  refuse(USAGE, error instanceof Error ? error.message : String(error));
}

function manifest(): string {
  return installText({ ...overlayValues(values.overlay), ...Object.fromEntries(values.set.map(assignment)) });
}

function overlayValues(name: string | undefined): Readonly<Record<string, Json>> {
  if (name === undefined) return {};
  const overlay = OVERLAYS[name];
  if (overlay === undefined) throw new Error(`--overlay ${name}: there is no such overlay`);
  return overlay.values;
}

/** The value is YAML: `3`, `debug`, `{kind: httproute}`. */
function assignment(text: string): readonly [string, Json] {
  const [, path = '', value = ''] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (Object.values(SETTINGS).every((setting) => setting.path !== path)) {
    throw new Error(`--set ${text}: must be PATH=VALUE with the path of a setting`);
  }
  const parsed: Json = parse(value);
  return [path, parsed];
}
