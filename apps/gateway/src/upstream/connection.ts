import { Socket, connect, isIP } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { AppError, asAppError } from '@mcp-runtime/api';
import { mediaType } from '../headers.ts';
import {
  ANYWHERE,
  AddressRefused,
  type Reach,
  type ResolveAll,
  bareHost,
  literalRefusal,
  lookupWithin,
} from '../outbound/reach.ts';
import { AnswerFault } from './answer-head.ts';
import { AnswerReader } from './answer-reader.ts';
import { type AnswerReceiver, type UpstreamRequest } from './port.ts';
import { unsent } from './unsent.ts';

const CONNECT_TIMEOUT_MS = 5000;
/** Answers are read into one place, and copied from there at their own length: a place for each read costs more than the copy. */
const READ_INTO = Buffer.allocUnsafeSlow(256 * 1024);
/** Up to here head and body are one piece, and one system call. */
const MAX_JOINED_BYTES = 64 * 1024;
/** A line break in a value would be another header. */
const UNSENDABLE = /[^\t\u0020-\u007e\u0080-\u00ff]/;

interface Underway {
  readonly request: UpstreamRequest;
  readonly receiver: AnswerReceiver;
  readonly reader: AnswerReader;
  hasEnded: boolean;
  /** The server closed while the answer was paused. */
  hasClosed: boolean;
}

/** Where a connection goes when its answer has ended, or it has. */
export interface ConnectionOwner {
  onFree(connection: Connection, keepMs: number): void;
  onGone(connection: Connection): void;
}

export interface ConnectRules {
  readonly reach: Reach;
  readonly resolve?: ResolveAll;
}

/** One connection to a server: one exchange at a time. */
export class Connection {
  readonly #socket: Socket;
  readonly #owner: ConnectionOwner;
  readonly #connecting: NodeJS.Timeout;
  #underway: Underway | undefined;
  #keepMs = 0;
  #idleTimeoutMs = 0;
  #isConnected = false;

  constructor(origin: URL, owner: ConnectionOwner, rules: ConnectRules) {
    this.#owner = owner;
    this.#socket = openSocket(origin, rules, (bytes) => this.#take(bytes));
    this.#connecting = setTimeout(() => this.#fail(timedOut()), CONNECT_TIMEOUT_MS);
    this.#socket.setNoDelay(true);
    this.#socket.once(origin.protocol === 'https:' ? 'secureConnect' : 'connect', () => {
      this.#isConnected = true;
      clearTimeout(this.#connecting);
    });
    this.#socket.on('timeout', () => this.#onSilence());
    this.#socket.on('error', (cause) => this.#fail(unreachable(cause)));
    this.#socket.on('close', () => this.#onClose());
  }

  /** Sends a request; only when no exchange is running. Returns how to give it up, which closes the connection. */
  send(target: URL, request: UpstreamRequest, receiver: AnswerReceiver): () => void {
    const reader = new AnswerReader(this.#listen(receiver, request.streamTimeoutMs ?? request.idleTimeoutMs));
    const underway: Underway = { request, receiver, reader, hasEnded: false, hasClosed: false };
    this.#underway = underway;
    this.#allowSilence(request.idleTimeoutMs);
    if (Object.values(request.headers).some((value) => UNSENDABLE.test(value))) {
      queueMicrotask(() => this.#fail(new AppError('invalid_request', 'a header cannot be sent on')));
    } else this.#write(headOf(target, request), request.body);
    return () => {
      if (this.#underway === underway) this.destroy();
    };
  }

  /** False from the moment that the server begins to close. */
  get isOpen(): boolean {
    return this.#socket.readable && this.#socket.writable;
  }

  /** For the end of the program: an exchange that is still running fails. */
  close(): void {
    this.#fail(new AppError('canceled', 'the gateway is shutting down'));
  }

  destroy(): void {
    this.#underway = undefined;
    clearTimeout(this.#connecting);
    this.#socket.destroy();
  }

  #write(head: string, body: Buffer | null): void {
    const bytes = body?.length ?? 0;
    if (body === null || bytes > MAX_JOINED_BYTES) {
      this.#socket.write(head, 'latin1');
      if (body !== null) this.#socket.write(body);
      return;
    }
    const whole = Buffer.allocUnsafe(head.length + bytes);
    whole.write(head, 'latin1');
    body.copy(whole, head.length);
    this.#socket.write(whole);
  }

  #allowSilence(ms: number): void {
    if (ms !== this.#idleTimeoutMs) this.#socket.setTimeout(ms);
    this.#idleTimeoutMs = ms;
  }

  #listen(receiver: AnswerReceiver, streamTimeoutMs: number): ConstructorParameters<typeof AnswerReader>[0] {
    const isHeard = (): boolean => this.#underway?.receiver === receiver && !this.#underway.hasEnded;
    return {
      onHead: ({ status, headers, keepMs }) => {
        this.#keepMs = keepMs;
        if (mediaType(headers) === 'text/event-stream') this.#allowSilence(streamTimeoutMs);
        const flow = { pause: () => this.#pause(receiver), resume: () => this.#resume(receiver) };
        if (isHeard()) receiver.onHead(status, headers, flow);
      },
      onChunk: (chunk) => {
        if (isHeard()) receiver.onChunk(chunk);
      },
      onEnd: () => {
        if (this.#underway === undefined || !isHeard()) return;
        this.#underway.hasEnded = true;
        receiver.onEnd();
      },
    };
  }

  #take(bytes: Buffer): void {
    const underway = this.#underway;
    // A server that speaks unasked would be taken for the answer to the next question.
    if (underway === undefined) this.destroy();
    else this.#read(underway, () => underway.reader.push(bytes));
  }

  #read(underway: Underway, read: () => void): void {
    try {
      read();
    } catch (cause) {
      this.#fail(cause instanceof AnswerFault ? unreachable(cause) : asAppError(cause));
    }
    if (!underway.hasEnded || this.#underway !== underway) return;
    this.#underway = undefined;
    if (underway.reader.isPaused) this.#socket.resume();
    if (underway.reader.surplus > 0 || this.#keepMs === 0) this.destroy();
    else this.#owner.onFree(this, this.#keepMs);
  }

  #pause(receiver: AnswerReceiver): void {
    if (this.#underway?.receiver !== receiver) return;
    this.#underway.reader.pause();
    this.#socket.pause();
  }

  #resume(receiver: AnswerReceiver): void {
    const underway = this.#underway;
    if (underway?.receiver !== receiver || !underway.reader.isPaused) return;
    this.#socket.resume();
    this.#read(underway, () => underway.reader.resume());
    if (underway.hasClosed && !underway.reader.isPaused) this.#onClose();
  }

  /** Silence of a server that we hold back is ours. */
  #onSilence(): void {
    if (this.#underway === undefined) this.destroy();
    else if (!this.#underway.reader.isPaused) this.#fail(timedOut());
  }

  #onClose(): void {
    clearTimeout(this.#connecting);
    this.#owner.onGone(this);
    const underway = this.#underway;
    if (underway === undefined) return;
    if (underway.reader.isPaused) underway.hasClosed = true;
    else if (!underway.reader.close()) this.#fail(unreachable(undefined));
  }

  #fail(error: AppError): void {
    const underway = this.#underway;
    const isUnsent = !this.#isConnected;
    this.destroy();
    underway?.receiver.onFailure(isUnsent ? unsent(underway.request, error) : error);
  }
}

function openSocket(origin: URL, { reach, resolve }: ConnectRules, onBytes: (bytes: Buffer) => void): Socket {
  const host = bareHost(origin.hostname);
  const refused = literalRefusal(origin, reach);
  if (refused !== undefined) return new Socket().destroy(refused);
  const checked = reach === ANYWHERE ? {} : { lookup: lookupWithin(reach, resolve) };
  if (origin.protocol !== 'https:') {
    const callback = (length: number): boolean => {
      onBytes(Buffer.from(READ_INTO.subarray(0, length)));
      return true;
    };
    return connect({ host, port: Number(origin.port || 80), onread: { buffer: READ_INTO, callback }, ...checked });
  }
  const servername = isIP(host) === 0 ? { servername: host } : {};
  const port = Number(origin.port || 443);
  const socket = connectTls({ host, port, ALPNProtocols: ['http/1.1'], ...servername, ...checked });
  return socket.on('data', onBytes);
}

function headOf(target: URL, { method, headers, body }: UpstreamRequest): string {
  let head = `${method} ${target.pathname}${target.search} HTTP/1.1\r\nhost: ${target.host}\r\n`;
  for (const [name, value] of Object.entries(headers)) head += `${name}: ${value}\r\n`;
  return body === null ? `${head}\r\n` : `${head}content-length: ${body.length}\r\n\r\n`;
}

function timedOut(): AppError {
  return new AppError('upstream_timeout', 'the MCP server did not answer in time');
}

function unreachable(cause: unknown): AppError {
  if (cause instanceof AddressRefused) {
    const message = 'the gateway may not connect to the address of the MCP server (see --allow-upstreams-in)';
    return new AppError('upstream_unavailable', message, { cause });
  }
  return new AppError('upstream_unavailable', 'the MCP server cannot be reached', { cause });
}
