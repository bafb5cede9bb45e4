import { type ServerResponse } from 'node:http';
import { type AppError, ERRORS, toJsonRpcError } from '@mcp-runtime/api';
import { type EraFault } from '@mcp-runtime/mcp';
import { type MessageFault, type MessageId } from './message.ts';

/** Seconds after which an overloaded bridge may be asked again. */
const RETRY_AFTER_SECONDS = 5;

export function sendError(response: ServerResponse, error: AppError, id: MessageId | null, requestId: string): void {
  const status = ERRORS[error.code].http;
  const headers: Record<string, string> = {};
  if (status === 503) headers['Retry-After'] = String(RETRY_AFTER_SECONDS);
  if (status === 405) headers['Allow'] = 'GET, POST, DELETE';
  // What is left of the body is not read.
  if (status === 413) headers['Connection'] = 'close';
  send(response, status, headers, JSON.stringify(toJsonRpcError(error, id, requestId)));
}

export function sendFault(response: ServerResponse, { code, message, id }: MessageFault): void {
  send(response, 400, {}, JSON.stringify({ jsonrpc: '2.0', id, error: { code, message } }));
}

export function sendEraFault(response: ServerResponse, fault: EraFault, id: MessageId | null): void {
  const { status, code, message, data } = fault;
  const error = data === undefined ? { code, message } : { code, message, data };
  send(response, status, {}, JSON.stringify({ jsonrpc: '2.0', id, error }));
}

export function sendEmpty(response: ServerResponse, status: 200 | 202): void {
  response.writeHead(status, { 'Cache-Control': 'no-store' });
  response.end();
}

function send(response: ServerResponse, status: number, headers: Readonly<Record<string, string>>, body: string): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, { ...headers, 'Content-Type': 'application/json', 'Cache-Control': 'no-store' });
  response.end(body);
}
