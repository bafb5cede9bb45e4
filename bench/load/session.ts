import { type Load } from '../lab/protocol.ts';
import { headOf } from './calls.ts';
import { type Connection } from './connection.ts';

const INITIALIZE =
  '{"jsonrpc":"2.0","id":"open","method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"bench","version":"1"}}}';
const INITIALIZED = '{"jsonrpc":"2.0","method":"notifications/initialized"}';

/** Opens an MCP session (MCP 2025-11-25, "Lifecycle"); '' where the server has none. */
export async function openSession(connection: Connection, load: Load): Promise<string> {
  const { head } = await connection.ask(requestOf(load, '', INITIALIZE));
  const session = /\r\nmcp-session-id: *(\S+)/i.exec(head)?.[1] ?? '';
  await connection.ask(requestOf(load, session, INITIALIZED));
  return session;
}

export async function closeSession(connection: Connection, load: Load, session: string): Promise<void> {
  if (session === '') return;
  await connection.ask(`${headOf(load, session).replace('POST', 'DELETE')}0\r\n\r\n`);
}

function requestOf(load: Load, session: string, body: string): string {
  return `${headOf(load, session)}${body.length}\r\n\r\n${body}`;
}
