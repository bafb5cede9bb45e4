import { SessionTokenKeys } from '@mcp-runtime/api';
import { type Invocation, type Printed } from '../../frame/command.ts';
import { connectApi } from '../api-client.ts';
import { type TargetFlags } from '../target.ts';

interface RotateFlags extends TargetFlags {
  readonly algorithm: string;
  readonly 'retire-now': boolean;
}

export async function list({ flags, io }: Invocation<TargetFlags>): Promise<Printed> {
  const api = await connectApi(flags, io);
  return printKeys(await api.call('/runtime/keys', SessionTokenKeys));
}

export async function rotate({ flags, io }: Invocation<RotateFlags>): Promise<Printed> {
  const api = await connectApi(flags, io);
  const body = { algorithm: flags.algorithm, retire: flags['retire-now'] ? 'now' : 'after-tokens' };
  return printKeys(await api.call('/runtime/keys/rotate', SessionTokenKeys, { method: 'POST', body }));
}

/** For machines it is the JWK Set itself, which `serve gateway --jwks` takes. */
function printKeys(keys: SessionTokenKeys): Printed {
  const rows = keys.keys.map(({ kid, alg, exp }) => [kid, alg, exp === undefined ? 'signs' : `until ${instant(exp)}`]);
  return { data: keys, table: { columns: ['key', 'algorithm', 'state'], rows, note: `issuer ${keys.issuer ?? ''}` } };
}

function instant(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace(/\.\d+Z$/, 'Z');
}
