import { itemsOf, memberAt, memberStartsOf, skipSpace } from './json-text.ts';

export type AnswerOutcome = 'ok' | 'rpc_error' | 'tool_error';

/** How a JSON-RPC response ended, by a look at its outer members only. Text that is no response counts as `ok`. */
export function outcomeOf(text: string): AnswerOutcome {
  for (const [name, valueStart] of memberStartsOf(text, skipSpace(text, 0))) {
    if (name === 'error') return 'rpc_error';
    if (name !== 'result') continue;
    const isError = memberAt(text, valueStart, 'isError');
    return isError !== undefined && text.slice(isError.start, isError.end) === 'true' ? 'tool_error' : 'ok';
  }
  return 'ok';
}

/** Both names end so: `error`, `isError`. */
const FAILED = Buffer.from('rror"');
/** How an escape begins that could spell a letter of them. */
const ESCAPED = Buffer.from('\\u');

/** The same for bytes: where neither name can be there, nothing is read. */
export function outcomeOfBytes(bytes: Buffer): AnswerOutcome {
  const mayHaveFailed = bytes.includes(FAILED) || bytes.includes(ESCAPED);
  return mayHaveFailed ? outcomeOf(bytes.toString('latin1')) : 'ok';
}

/**
 * Whether a message of a stream is the response to a request (and not a notification or a question). What some reader
 * could take for one counts: a batch with a response in it, and a response that names a method.
 */
export function isResponse(text: string): boolean {
  const start = skipSpace(text, 0);
  for (const item of itemsOf(text, start)) if (isAnswer(text, item.start)) return true;
  return isAnswer(text, start);
}

const ANSWERING = ['result"', 'error"'].map((name) => Buffer.from(name));
const BACKSLASH = 0x5c;

/**
 * Where the first byte may be that makes a response: up to there, no reader could find one, since neither of its names is
 * there, nor an escape that could spell one.
 */
export function responseFrom(bytes: Buffer): number {
  const places = [...ANSWERING.map((name) => bytes.indexOf(name)), bytes.indexOf(BACKSLASH)];
  return Math.min(...places.map((place) => (place === -1 ? bytes.length : place)));
}

function isAnswer(text: string, start: number): boolean {
  for (const [name] of memberStartsOf(text, start)) if (name === 'result' || name === 'error') return true;
  return false;
}
