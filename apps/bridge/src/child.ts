import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '@mcp-runtime/api';
import { lineSplitter } from './lines.ts';
import { type Message, readMessage } from './message.ts';
import { type SpawnedChild } from './options.ts';
import { type Telemetry } from './telemetry.ts';

/** What a server says, and that it has ended. */
export interface Receiver {
  receive(message: Message): void;
  /** Called once, after the last message. */
  ended(error: AppError): void;
}

export interface ChildOptions {
  readonly spawn: () => SpawnedChild;
  /** Named in errors. */
  readonly command: string;
  readonly maxMessageBytes: number;
  readonly telemetry: Telemetry;
  readonly onStderr: (line: string) => void;
}

/** How long a child has to end after its input was closed, and again after SIGTERM. */
const GRACE_MS = 2000;
/** How long output is still read after the process has ended. */
const LAST_OUTPUT_MS = 250;
const MAX_STDERR_LINE_BYTES = 8192;
/** Messages that may wait for a child that does not read. */
const MAX_UNREAD_MESSAGES = 4;

/** One server process that speaks MCP on its standard streams. */
export class Child {
  readonly #options: ChildOptions;
  readonly #process: SpawnedChild | undefined;
  readonly #gone = Promise.withResolvers<void>();
  #receiver: Receiver | undefined;
  #end: AppError | undefined;
  /** Why the bridge ended the process, if it did. */
  #verdict: AppError | undefined;
  #hasExited = false;
  #stopping: Promise<void> | undefined;
  #noise = 0;

  constructor(options: ChildOptions) {
    this.#options = options;
    try {
      this.#process = options.spawn();
    } catch (error) {
      this.#finish(this.#startFailure(error));
      return;
    }
    this.#watch(this.#process);
    if (this.pid !== undefined) options.telemetry.childStarted(this.pid);
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  get alive(): boolean {
    return this.#end === undefined && this.#stopping === undefined;
  }

  /** Resolves when the process is gone and its last message was delivered. */
  get gone(): Promise<void> {
    return this.#gone.promise;
  }

  /** Whoever is attached gets the messages from now on, and the end even when it has come before. */
  attach(receiver: Receiver): void {
    this.#receiver = receiver;
    const end = this.#end;
    if (end !== undefined) queueMicrotask(() => receiver.ended(end));
  }

  /**
   * Resolves when the pipe has taken the message, or the child has ended.
   * @throws AppError `overloaded` when the child does not read what it was sent
   */
  async send(message: Message): Promise<void> {
    const stdin = this.#process?.stdin;
    if (stdin === undefined || !stdin.writable) return;
    if (stdin.writableLength > MAX_UNREAD_MESSAGES * this.#options.maxMessageBytes) {
      throw new AppError('overloaded', 'the server does not read its input');
    }
    await new Promise<void>((resolve) => stdin.write(`${message.text}\n`, () => resolve()));
  }

  /** Closes its input, then SIGTERM, then SIGKILL to the process group. Resolves when it is gone. */
  stop(): Promise<void> {
    return (this.#stopping ??= this.#stop());
  }

  async #stop(): Promise<void> {
    this.#verdict ??= new AppError('server_exited', 'the server process was stopped');
    this.#process?.stdin.end();
    if (await this.#goneWithin(GRACE_MS)) return;
    this.#signal('SIGTERM');
    if (await this.#goneWithin(GRACE_MS)) return;
    this.#signal('SIGKILL');
    await this.#goneWithin(GRACE_MS);
  }

  async #goneWithin(ms: number): Promise<boolean> {
    const over = new AbortController();
    const late = delay(ms, false, { signal: over.signal }).catch(() => false);
    const inTime = await Promise.race([this.gone.then(() => true), late]);
    over.abort();
    return inTime;
  }

  #watch(child: SpawnedChild): void {
    const { maxMessageBytes, onStderr } = this.#options;
    const onError = (line: Buffer): void => onStderr(line.toString('utf8'));
    child.stdout.on(
      'data',
      lineSplitter(maxMessageBytes, {
        line: (line) => this.#read(line),
        tooLong: () => this.#kill(`the server wrote a message of more than ${maxMessageBytes} bytes`),
      }),
    );
    child.stderr.on('data', lineSplitter(MAX_STDERR_LINE_BYTES, { line: onError, tooLong: onError }));
    // A pipe breaks when the child ends, and that is told by `exit`.
    for (const pipe of [child.stdin, child.stdout, child.stderr]) pipe.on('error', () => {});
    child.on('error', (error) => {
      if (child.pid === undefined) this.#finish(this.#startFailure(error));
    });
    child.on('exit', (code, signal) => void this.#exited(child, code, signal));
  }

  async #exited(child: SpawnedChild, code: number | null, signal: NodeJS.Signals | null): Promise<void> {
    this.#hasExited = true;
    // Its own children may have stayed, and hold the pipes open.
    this.#signal('SIGKILL');
    if (!child.stdout.readableEnded) {
      const over = new AbortController();
      const ended = new Promise<void>((resolve) => child.stdout.once('close', resolve));
      await Promise.race([ended, delay(LAST_OUTPUT_MS, undefined, { signal: over.signal }).catch(() => {})]);
      over.abort();
    }
    for (const pipe of [child.stdin, child.stdout, child.stderr]) pipe.destroy();
    const how = signal === null ? `exit code ${code ?? 'unknown'}` : `signal ${signal}`;
    this.#finish(this.#verdict ?? new AppError('server_exited', `the server process ended (${how})`));
  }

  #read(line: Buffer): void {
    const message = readMessage(line);
    if (message.kind !== 'fault') this.#receiver?.receive(message);
    else this.#options.telemetry.noise(this.pid, ++this.#noise);
  }

  #kill(why: string): void {
    this.#verdict ??= new AppError('server_exited', why);
    this.#signal('SIGKILL');
  }

  #signal(signal: NodeJS.Signals): void {
    if (this.pid === undefined) return;
    try {
      process.kill(-this.pid, signal);
    } catch {
      // No group of that id: it is empty, or the child was not made the leader of one.
      if (!this.#hasExited) this.#process?.kill(signal);
    }
  }

  #startFailure(cause: unknown): AppError {
    const code = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : '';
    return new AppError('server_exited', `cannot start \`${this.#options.command}\`${code}`, {
      cause,
      next: 'check that the command and its working folder exist',
    });
  }

  #finish(error: AppError): void {
    if (this.#end !== undefined) return;
    this.#end = error;
    this.#options.telemetry.childEnded(this.pid, error.message);
    this.#receiver?.ended(error);
    this.#gone.resolve();
  }
}
