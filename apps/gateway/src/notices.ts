import { isListening, listNotice, listsAsked } from '@mcp-runtime/mcp';
import { type NotedList, type Policy } from '@mcp-runtime/policy';
import { dataEvent } from './answer/events.ts';
import { type Exchange } from './exchange.ts';

/** Lists that the gateway filters, so that it has to tell when they change. */
export function filteredLists({ governs }: Policy): readonly NotedList[] {
  return governs === 'all' ? ['tools', 'prompts', 'resources'] : ['tools'];
}

/** Lists whose changes this stream tells of: all of them in a legacy session, and those that a subscription asked for. */
export function listsToldOn({ verb, message, policy, caller }: Exchange): readonly NotedList[] {
  if (policy === undefined || caller.source === 'probe') return [];
  if (verb === 'GET') return filteredLists(policy);
  if (!isListening(message)) return [];
  const asked = listsAsked(message);
  return filteredLists(policy).filter((list) => asked.includes(list));
}

/**
 * Tells the caller of a stream that lists have changed for it. A subscription is acknowledged first (MCP 2026-07-28,
 * "Subscriptions"), and a caller that is slow is told once about each list when it has caught up.
 */
export class Notices {
  readonly #exchange: Exchange;
  readonly #told: readonly NotedList[];
  readonly #waiting = new Set<NotedList>();
  #isOpen: boolean;
  /** Until its caller has caught up. */
  #isBehind = false;

  constructor(exchange: Exchange, told: readonly NotedList[]) {
    this.#exchange = exchange;
    this.#told = told;
    this.#isOpen = exchange.verb === 'GET';
  }

  /** From now on notices may go out. */
  open(): void {
    this.#isOpen = true;
    this.#flush();
  }

  tell(lists: readonly NotedList[]): void {
    for (const list of lists) if (this.#told.includes(list)) this.#waiting.add(list);
    this.#flush();
  }

  #flush(): void {
    const { response, message } = this.#exchange;
    if (!this.#isOpen || this.#waiting.size === 0 || !response.headersSent || response.writableEnded) return;
    if (response.writableNeedDrain) {
      this.#flushLater();
      return;
    }
    const id = message?.kind === 'request' ? message.id : undefined;
    const events = [...this.#waiting].map((list) => dataEvent(listNotice(list, id))).join('');
    this.#waiting.clear();
    this.#exchange.bytesOut += events.length;
    response.write(events);
  }

  /** Once, however much there is to tell meanwhile. */
  #flushLater(): void {
    if (this.#isBehind) return;
    this.#isBehind = true;
    this.#exchange.response.once('drain', () => {
      this.#isBehind = false;
      this.#flush();
    });
  }
}
