import { AppError } from '@mcp-runtime/api';
import { type JsonObject, isJsonObject } from '../json.ts';

/** An event as it is on the wire (Kubernetes docs, "Efficient detection of changes"). */
export interface WireEvent {
  readonly type: string;
  readonly object: JsonObject;
}

const NEWLINE = 0x0a;

/** Lines of a stream of bytes. @throws AppError `request_too_large` for a line of more than `maxBytes` */
export async function* linesOf(chunks: AsyncIterable<unknown>, maxBytes: number): AsyncGenerator<string> {
  let parts: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of chunks) {
    if (!Buffer.isBuffer(chunk)) continue;
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      parts.push(chunk.subarray(start, end));
      yield Buffer.concat(parts).toString('utf8');
      parts = [];
      bytes = 0;
      start = end + 1;
    }
    parts.push(chunk.subarray(start));
    bytes += chunk.length - start;
    if (bytes > maxBytes) throw new AppError('request_too_large', `an event is larger than ${maxBytes} bytes`);
  }
}

/** @throws AppError `service_unavailable`: the connection was cut, or somebody else answers */
export function readWireEvent(line: string): WireEvent {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    value = undefined;
  }
  if (isJsonObject(value) && typeof value['type'] === 'string' && isJsonObject(value['object'])) {
    return { type: value['type'], object: value['object'] };
  }
  throw new AppError('service_unavailable', 'the Kubernetes API sent no event where one was due');
}
