/** A tool's answer is this around the id of its call: made by the server, checked by the load. */
export const ANSWER_START = '{"jsonrpc":"2.0","id":';

/** What follows the id, for a result whose text has `bytes` bytes. */
export function answerEnd(bytes: number): string {
  return `,"result":{"content":[{"type":"text","text":"${'x'.repeat(bytes)}"}]}}`;
}
