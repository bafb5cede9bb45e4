import { type BackoffPolicy, type Logger, backoffMs, isRecord } from '@mcp-runtime/base';
import { type Flow } from '../../upstream/port.ts';
import { type ModernAnswer } from './answer.ts';

/** What a server promised to tell (MCP 2026-07-28, "Subscriptions"). */
export interface Filter {
  readonly toolsListChanged?: boolean;
  readonly promptsListChanged?: boolean;
  readonly resourcesListChanged?: boolean;
  readonly resourceSubscriptions?: readonly string[];
}

interface Hearing {
  onMessage(text: string): void;
  onFlow(flow: Flow): void;
}

export interface ListeningPorts {
  /** Opens one `subscriptions/listen`. Resolves with its response; rejects when the stream breaks. */
  readonly open: (filter: Filter, hearing: Hearing, signal: AbortSignal) => Promise<ModernAnswer>;
  /** A notification, as a JSON text. */
  readonly onNotice: (text: string) => void;
  readonly onFlow: (flow: Flow) => void;
  readonly log: Logger;
}

interface Open {
  readonly stop: () => void;
}

const AGAIN: BackoffPolicy = { initialMs: 250, factor: 2, maxMs: 30_000 };
const METHOD_NOT_FOUND = -32601;
const ACKNOWLEDGED = 'notifications/subscriptions/acknowledged';

/**
 * One subscription for one client, over and over: it is opened again when the set of resources changes, the new one before the
 * old one ends, and when the server ends or loses it. What may have been missed in between is told as changed.
 */
export class Listening {
  readonly #ports: ListeningPorts;
  #uris: readonly string[] = [];
  #current: Open | undefined;
  #changing: Promise<unknown> = Promise.resolve();
  #attempt = 0;
  #again: NodeJS.Timeout | undefined;
  readonly #stopped = new AbortController();

  constructor(ports: ListeningPorts) {
    this.#ports = ports;
  }

  /** Begins without waiting for the server. */
  start(uris: readonly string[]): void {
    this.change(uris).catch(() => {});
  }

  /** Listens for these resources from now on. Resolves with what the server promised; rejects when it refused. */
  change(uris: readonly string[]): Promise<Filter> {
    const changed = this.#changing.then(async () => {
      const filter = await this.#replace(uris);
      this.#uris = uris;
      return filter;
    });
    this.#changing = changed.catch(() => {});
    return changed;
  }

  stop(): void {
    clearTimeout(this.#again);
    this.#stopped.abort(new Error('stopped'));
  }

  async #replace(uris: readonly string[]): Promise<Filter> {
    clearTimeout(this.#again);
    const before = this.#current;
    const aborted = new AbortController();
    const open: Open = { stop: () => aborted.abort(new Error('replaced')) };
    const { promise: promised, resolve, reject } = Promise.withResolvers<Filter>();
    const hearing = {
      onMessage: (text: string): void => {
        const filter = acknowledgedIn(text);
        if (filter !== undefined) resolve(filter);
        else this.#ports.onNotice(text);
      },
      onFlow: (flow: Flow) => this.#ports.onFlow(flow),
    };
    const signal = AbortSignal.any([aborted.signal, this.#stopped.signal]);
    this.#ports.open(filterFor(uris), hearing, signal).then(
      (answer) => {
        reject(new Error('refused'));
        this.#onEnd(open, answer.kind === 'error' && answer.code === METHOD_NOT_FOUND ? 'unsupported' : 'ended');
      },
      (error: unknown) => {
        reject(error);
        this.#onEnd(open, 'ended');
      },
    );
    const filter = await promised;
    this.#current = open;
    before?.stop();
    this.#attempt = 0;
    return filter;
  }

  #onEnd(open: Open, how: 'ended' | 'unsupported'): void {
    const isOther = this.#current !== undefined && this.#current !== open;
    if (this.#stopped.signal.aborted || isOther) return;
    this.#current = undefined;
    if (how === 'unsupported') return;
    this.#again = setTimeout(() => this.#openAgain(), backoffMs(AGAIN, this.#attempt)).unref();
    this.#attempt += 1;
  }

  #openAgain(): void {
    this.change(this.#uris).then(
      (filter) => {
        for (const notice of noticesOf(filter)) this.#ports.onNotice(notice);
      },
      (error: unknown) => this.#ports.log.debug('a subscription could not be opened again', { error: String(error) }),
    );
  }
}

function filterFor(uris: readonly string[]): Filter {
  const lists = { toolsListChanged: true, promptsListChanged: true, resourcesListChanged: true };
  return uris.length === 0 ? lists : { ...lists, resourceSubscriptions: uris };
}

/** The filter that a server acknowledged; undefined for any other message. */
function acknowledgedIn(text: string): Filter | undefined {
  const said: unknown = parsed(text);
  if (!isRecord(said) || said['method'] !== ACKNOWLEDGED) return undefined;
  const params = isRecord(said['params']) ? said['params'] : {};
  const filter = isRecord(params['notifications']) ? params['notifications'] : {};
  const uris = filter['resourceSubscriptions'];
  return {
    toolsListChanged: filter['toolsListChanged'] === true,
    promptsListChanged: filter['promptsListChanged'] === true,
    resourcesListChanged: filter['resourcesListChanged'] === true,
    resourceSubscriptions: Array.isArray(uris) ? uris.filter((uri) => typeof uri === 'string') : [],
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Everything of a filter, told as changed. */
function noticesOf(filter: Filter): readonly string[] {
  const methods = [
    ...(filter.toolsListChanged === true ? ['notifications/tools/list_changed'] : []),
    ...(filter.promptsListChanged === true ? ['notifications/prompts/list_changed'] : []),
    ...(filter.resourcesListChanged === true ? ['notifications/resources/list_changed'] : []),
  ];
  const updated = (filter.resourceSubscriptions ?? []).map((uri) => ({
    jsonrpc: '2.0',
    method: 'notifications/resources/updated',
    params: { uri },
  }));
  return [...methods.map((method) => ({ jsonrpc: '2.0', method })), ...updated].map((notice) => JSON.stringify(notice));
}
