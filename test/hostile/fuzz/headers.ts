import assert from 'node:assert/strict';
import { type Message, eraOf, readMessage } from '@mcp-runtime/mcp';
import { message } from './messages.ts';
import { mutate } from './mutate.ts';
import { type Random } from './random.ts';
import { type Target } from './target.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true });
const NAMED: ReadonlyMap<string, string> = new Map([
  ['tools/call', 'name'],
  ['prompts/get', 'name'],
  ['resources/read', 'uri'],
  ['tasks/get', 'taskId'],
]);

/** What is taken for a modern request has headers that another reader of headers finds equal to the body. */
export function headersTarget(): Target {
  return {
    run: (random) => {
      const read = readMessage(Buffer.from(message(random)));
      if (read.ok && read.message.kind !== 'response') check(read.message, random);
    },
  };
}

function check(body: Exclude<Message, { kind: 'response' }>, random: Random): void {
  const member = NAMED.get(body.method);
  const wanted = member === undefined ? undefined : body.params[member];
  const named = typeof wanted === 'string' ? wanted : '';
  const headers: Readonly<Record<string, string | undefined>> = {
    'mcp-protocol-version': near('2026-07-28', random),
    'mcp-method': near(body.method, random),
    'mcp-name': near(random.once(2) ? encoded(named) : named, random),
  };
  const era = eraOf(body, (name) => headers[name]);
  if (era.kind !== 'modern') return;
  assert.equal(headers['mcp-protocol-version']?.trim(), era.version);
  assert.equal(headers['mcp-method']?.trim(), body.method);
  if (typeof wanted === 'string') assert.equal(decoded(headers['mcp-name'] ?? ''), wanted);
}

/** The text itself, absent, or a little different, as a header can hold it. */
function near(text: string, random: Random): string | undefined {
  if (!random.once(4)) return text;
  if (random.once(6)) return undefined;
  const changed = mutate(Buffer.from(text), random).toString('latin1');
  return changed.replaceAll(/[\0\r\n]/g, '');
}

function encoded(text: string): string {
  return `=?base64?${Buffer.from(text).toString('base64')}?=`;
}

/** A second reading: `atob` for base64, and the way back to see that there is one spelling only. */
function decoded(header: string): string | undefined {
  const text = header.replace(/^[ \t]*/, '').replace(/[ \t]*$/, '');
  if (!text.startsWith('=?base64?') || !text.endsWith('?=') || text.length < '=?base64??='.length) return text;
  const inner = text.slice('=?base64?'.length, -'?='.length);
  // Letters that base64 does not have: then the text stands for itself.
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(inner)) return text;
  try {
    const binary = atob(inner);
    if (btoa(binary) !== inner) return undefined;
    return utf8.decode(Uint8Array.from(binary, (char) => char.charCodeAt(0)));
  } catch {
    return undefined;
  }
}
