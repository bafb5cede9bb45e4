import { type BatchFault } from './batch.ts';

/** What is wrong with a message, for the caller: quotes nothing of what was sent. */
export const FAULT_TEXT: Readonly<Record<BatchFault, string>> = {
  not_utf8: 'the body is not UTF-8',
  not_json: 'the body is not one JSON text',
  too_deep: 'the body is nested too deeply',
  duplicate_member: 'a member is there twice',
  invalid_member_name: 'a member name holds U+0000 or half a surrogate pair',
  number_out_of_range: 'a number is out of range',
  empty: 'the body is empty',
  batch: 'batches belong to MCP 2025-03-26: send one message in each request',
  too_many: 'the batch has more messages than are taken at once',
  mixed: 'a batch has requests and notifications, or responses',
  repeated_id: 'two requests of the batch have one `id`',
  not_in_batch: '`initialize` and messages of MCP 2026-07-28 cannot be in a batch',
  not_an_object: 'the message is not a JSON object',
  ambiguous_member: 'a member name differs from a known one only by case',
  unknown_member: 'the message has a member that JSON-RPC 2.0 does not know here',
  invalid_version: '`jsonrpc` must be "2.0"',
  invalid_id: '`id` must be a string or a whole number spelled as digits',
  invalid_method: '`method` must be a string of printable characters',
  invalid_params: '`params`, `params._meta` and `params.ref` must be objects',
  invalid_governed_value: 'a name or URI in `params` must be a string of printable characters',
  invalid_response: 'a response needs an `id` and exactly one of `result` and `error`',
};
