import { type Message, type MessageId, readMessage } from './message.ts';
import { AppError } from '@mcp-runtime/api';
import { isRecord } from '@mcp-runtime/base';

declare global {
  interface JSON {
    /** ECMAScript 2026, in every Node that the runtime supports; TypeScript does not declare it yet. */
    rawJSON(text: string): object;
  }
}

/** A member to replace: the names that lead to it from the root, and its new value. */
export type Replacement = readonly [path: readonly string[], value: MessageId];

/**
 * The message with some members replaced. Numbers keep their spelling; of equal names only the last survives, so a
 * reader that takes the first cannot find an id that was not rewritten.
 * @throws AppError `invalid_request` when it is nested too deeply to be written again
 */
export function rewrite<M extends Message>(message: M, ...replacements: readonly Replacement[]): M {
  try {
    let root: unknown = JSON.parse(message.text, exactNumber);
    for (const [path, value] of replacements) root = replaced(root, path, value);
    return again(message, JSON.stringify(root));
  } catch (error) {
    throw new AppError('invalid_request', 'the message is nested too deeply', { cause: error });
  }
}

function exactNumber(_: string, value: unknown, context?: { readonly source?: string }): unknown {
  return typeof value === 'number' && context?.source !== undefined ? JSON.rawJSON(context.source) : value;
}

function replaced(value: unknown, [name, ...rest]: readonly string[], by: MessageId): unknown {
  if (name === undefined) return by;
  return isRecord(value) ? { ...value, [name]: replaced(value[name], rest, by) } : value;
}

/** The same kind of message, read again from its new text. */
function again<M extends Message>(message: M, text: string): M {
  const read = readMessage(Buffer.from(text));
  if (read.kind === 'fault') throw new Error(read.message);
  return { ...message, ...read };
}

/** A message of the bridge's own making. */
export function messageOf(members: Readonly<Record<string, unknown>>): Message {
  const read = readMessage(Buffer.from(JSON.stringify({ jsonrpc: '2.0', ...members })));
  if (read.kind === 'fault') throw new Error(read.message);
  return read;
}
