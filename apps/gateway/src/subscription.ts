import { type Target, type TaskTarget } from '@mcp-runtime/api';
import { type Splice, askForEveryList, isListening, keptStrings, listsAsked, spanAt, splice } from '@mcp-runtime/mcp';
import { type Policy, evaluate } from '@mcp-runtime/policy';
import { type Exchange } from './exchange.ts';
import { type Place } from './seal/seal.ts';
import { type TaskSeal } from './seal/task-seal.ts';
import { openedTask, withParams } from './tasks.ts';

type Subscription = Extract<Target, { kind: 'subscription' }>;

/**
 * Takes out of a `subscriptions/listen` what the caller may not follow; the server's acknowledgement then shows what is left
 * (MCP 2026-07-28, "Subscriptions"). Whatever is left has the server's own task ids.
 */
export function pruneSubscription(exchange: Exchange, policy: Policy, place: Place, seal: TaskSeal): void {
  const { target, message } = exchange;
  if (isListening(message) && listsAsked(message).length > 0) {
    exchange.body = Buffer.from(askForEveryList(exchange.body.toString('utf8')));
  }
  if (target?.kind !== 'subscription') return;
  const allows = (part: Target): boolean => mayFollow(exchange, policy, part, exchange.now);
  const uris = target.uris.filter((uri) => allows({ kind: 'resource', uri }));
  const tasks = new Map<string, TaskTarget>();
  for (const asked of target.tasks) {
    const task = openedTask(exchange, asked, place, seal);
    if (task !== undefined && allows(task)) tasks.set(asked.id, task);
  }
  exchange.target = { kind: 'subscription', uris, tasks: [...tasks.values()] };
  exchange.tasks = new Map([...tasks].map(([sealed, { id }]) => [id, sealed]));
  exchange.body = bodyWith(exchange.body, new Set(uris), tasks);
  const asked = exchange.message?.kind === 'request' ? exchange.message.params['notifications'] : undefined;
  const left = { resourceSubscriptions: uris, taskIds: [...tasks.values()].map(({ id }) => id) };
  const notifications = { ...(typeof asked === 'object' ? asked : {}), ...left };
  exchange.message = withParams(exchange.message, { notifications });
}

function bodyWith(body: Buffer, uris: ReadonlySet<string>, tasks: ReadonlyMap<string, TaskTarget>): Buffer {
  const text = body.toString('utf8');
  const kept = (member: string, keep: (item: string) => string | undefined): readonly Splice[] => {
    const list = spanAt(text, ['params', 'notifications', member]);
    const shown = list && keptStrings(text, list, keep);
    return shown === undefined ? [] : [shown];
  };
  const followed = kept('resourceSubscriptions', (uri) => (uris.has(uri) ? uri : undefined));
  return Buffer.from(splice(text, [...followed, ...kept('taskIds', (sealed) => tasks.get(sealed)?.id)]));
}

/** Whether a caller may follow one part of a subscription, with whatever scopes that takes: those are asked of it as a whole. */
export function mayFollow({ caller }: Exchange, policy: Policy, target: Target, now: number): boolean {
  const { identity } = caller;
  return evaluate(policy, { method: 'subscriptions/listen', target, identity, scopes: 'not-asked', now }).allowed;
}

/** Whether something of a subscription is left under a policy, or it never named anything. */
export function hasPartsLeft(exchange: Exchange, { uris, tasks }: Subscription, policy: Policy, now: number): boolean {
  const parts: readonly Target[] = [...uris.map((uri) => ({ kind: 'resource', uri }) as const), ...tasks];
  return parts.length === 0 || parts.some((part) => mayFollow(exchange, policy, part, now));
}
