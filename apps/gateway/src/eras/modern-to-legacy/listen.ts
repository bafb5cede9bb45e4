import { META_KEYS, isMembers, memberText } from '@mcp-runtime/mcp';
import { type Conversation, labelled } from './conversation.ts';
import { type ModernAnswer } from './modern-answer.ts';
import { type ModernCall } from './modern-call.ts';
import { type SessionUser } from './session.ts';

/** Somebody who wants to hear of changes. */
export interface Subscriber {
  receive(method: string, params: string): void;
  /** The server's stream is gone: what changes from now on is not heard of. */
  onGone(): void;
}

interface Wanted {
  readonly lists: ReadonlySet<ListFlag>;
  readonly uris: readonly string[];
}

/** The lists by their members of `notifications` and of a server's capabilities. */
const LISTS = {
  toolsListChanged: { capability: 'tools', method: 'notifications/tools/list_changed' },
  promptsListChanged: { capability: 'prompts', method: 'notifications/prompts/list_changed' },
  resourcesListChanged: { capability: 'resources', method: 'notifications/resources/list_changed' },
} as const;
type ListFlag = keyof typeof LISTS;
const FLAGS = ['toolsListChanged', 'promptsListChanged', 'resourcesListChanged'] as const satisfies ListFlag[];
const UPDATED = 'notifications/resources/updated';

/**
 * `subscriptions/listen` (MCP 2026-07-28) at a legacy server: its stream, and `resources/subscribe` for each resource. What
 * the server cannot tell of is missing in the acknowledgement.
 */
export class Listening implements Subscriber, SessionUser {
  readonly #conversation: Conversation;
  readonly #answer: ModernAnswer;
  readonly #subscriptionId: string;
  readonly #release: () => void;
  readonly #asked: Wanted;
  #honoured: Wanted = { lists: new Set(), uris: [] };
  #isOver = false;

  constructor(conversation: Conversation, request: ModernCall, answer: ModernAnswer) {
    this.#conversation = conversation;
    this.#answer = answer;
    this.#subscriptionId = JSON.stringify(request.id);
    this.#asked = wantedIn(request);
    this.#release = conversation.session.use(this);
  }

  async start(): Promise<void> {
    const { hello } = this.#conversation.session;
    const hasStream = await this.#conversation.openStream();
    const lists = this.#asked.lists;
    const told = new Set(
      FLAGS.filter(
        (flag) => hasStream && lists.has(flag) && announces(hello.capabilities, LISTS[flag].capability, 'listChanged'),
      ),
    );
    const canWatch = hasStream && announces(hello.capabilities, 'resources', 'subscribe');
    const uris: string[] = [];
    for (const uri of canWatch && !this.#isOver ? this.#asked.uris : []) {
      if (await this.#conversation.watch(uri)) uris.push(uri);
    }
    this.#honoured = { lists: told, uris };
    if (this.#isOver) return this.#unwatch();
    this.#conversation.addSubscriber(this);
    this.#send('notifications/subscriptions/acknowledged', JSON.stringify({ notifications: filterOf(this.#honoured) }));
  }

  receive(method: string, params: string): void {
    const { lists, uris } = this.#honoured;
    const isList = FLAGS.some((flag) => LISTS[flag].method === method && lists.has(flag));
    const uri: unknown = method === UPDATED ? JSON.parse(memberText(params, 'uri') ?? 'null') : undefined;
    if (isList || (typeof uri === 'string' && uris.includes(uri))) this.#send(method, params);
  }

  onGone(): void {
    this.#end();
    this.#answer.end();
  }

  onLost(): void {
    this.onGone();
  }

  /** The caller has left. */
  cancel(): void {
    this.#end();
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#conversation.removeSubscriber(this);
    this.#unwatch();
    this.#release();
  }

  #unwatch(): void {
    for (const uri of this.#honoured.uris) this.#conversation.unwatch(uri);
    this.#honoured = { lists: new Set(), uris: [] };
  }

  #send(method: string, params: string): void {
    this.#answer.notify(labelled(method, params, META_KEYS.subscriptionId, this.#subscriptionId));
  }
}

function wantedIn({ params }: ModernCall): Wanted {
  const wanted: unknown = JSON.parse(memberText(params, 'notifications') ?? '{}');
  if (!isMembers(wanted)) return { lists: new Set(), uris: [] };
  const { resourceSubscriptions: uris } = wanted;
  return {
    lists: new Set(FLAGS.filter((flag) => wanted[flag] === true)),
    uris: [...new Set(Array.isArray(uris) ? uris.filter((uri) => typeof uri === 'string') : [])],
  };
}

function announces(capabilities: string, name: string, feature: string): boolean {
  const capability = memberText(capabilities, name);
  return capability?.startsWith('{') === true && memberText(capability, feature) === 'true';
}

function filterOf({ lists, uris }: Wanted): object {
  const flags = Object.fromEntries([...lists].map((flag) => [flag, true]));
  return uris.length === 0 ? flags : { ...flags, resourceSubscriptions: uris };
}
