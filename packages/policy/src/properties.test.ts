import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type ListedKind } from '@mcp-runtime/api';
import { compilePolicy } from './compile.ts';
import { isPermit } from './decision.ts';
import { evaluate, isVisible } from './evaluate.ts';
import { explain } from './explain.ts';
import { parsePolicy } from './parse.ts';
import { type PolicyRequest } from './request.ts';
import { stamp } from './revision.ts';
import { faultOf } from './validate.ts';
import { documents, enforcingDocuments, identities, requests, thingName, uri } from './testing/arbitrary-documents.ts';
import { wildDocuments, wildRequests } from './testing/arbitrary-texts.ts';
import { NOW } from './testing/documents.ts';

const RUNS = { numRuns: 1000 };

test('evaluate and explain never throw, and what is allowed is a permit that nobody else can make', () => {
  fc.assert(
    fc.property(fc.oneof(wildDocuments, documents), fc.oneof(wildRequests, requests), (document, request) => {
      const policy = compilePolicy(document);
      const decision = evaluate(policy, request);
      assert.equal(isPermit(decision), decision.allowed);
      assert.equal(isPermit(structuredClone(decision)), false);
      explain(policy, request);
    }),
    RUNS,
  );
});

test('the same request always gets the same decision', () => {
  fc.assert(
    fc.property(documents, fc.array(requests), requests, (document, others, request) => {
      const policy = compilePolicy(document);
      const first = evaluate(policy, request);
      for (const other of others) evaluate(policy, other);
      assert.deepEqual(evaluate(policy, request), first);
    }),
  );
});

test('the order of a document does not change a decision', () => {
  const shuffled = <T>(items: readonly T[] | undefined): fc.Arbitrary<T[]> =>
    fc.shuffledSubarray([...(items ?? [])], { minLength: items?.length ?? 0 });
  const pairs = documents.chain((document) =>
    fc
      .record({
        tools: shuffled(document.tools),
        sessions: shuffled(document.sessions),
        grants: shuffled(document.grants).chain((grants) =>
          fc.tuple(
            ...grants.map((grant) =>
              fc
                .record({ tool_rules: shuffled(grant.tool_rules), resource_rules: shuffled(grant.resource_rules) })
                .map((rules) => ({ ...grant, ...rules })),
            ),
          ),
        ),
      })
      .map((lists) => [document, { ...document, ...lists }] as const),
  );
  fc.assert(
    fc.property(pairs, requests, ([document, other], request) => {
      assert.deepEqual(evaluate(compilePolicy(other), request), evaluate(compilePolicy(document), request));
    }),
    RUNS,
  );
});

test('a caller sees of a list exactly what using it would allow', () => {
  const use: Record<ListedKind, (nameOrUri: string) => Pick<PolicyRequest, 'method' | 'target'>> = {
    tools: (name) => ({ method: 'tools/call', target: { kind: 'tool', name } }),
    prompts: (name) => ({ method: 'prompts/get', target: { kind: 'prompt', name } }),
    resources: (uri) => ({ method: 'resources/read', target: { kind: 'resource', uri } }),
    templates: (uri) => ({ method: 'resources/read', target: { kind: 'template', uri } }),
  };
  const items = fc.oneof(
    fc.tuple(fc.constantFrom<ListedKind[]>('tools', 'prompts'), thingName),
    fc.tuple(fc.constantFrom<ListedKind[]>('resources', 'templates'), uri),
  );
  fc.assert(
    fc.property(documents, identities, items, (document, identity, [of, item]) => {
      const policy = compilePolicy(document);
      const used = evaluate(policy, { ...use[of](item), identity, now: NOW });
      assert.equal(isVisible(policy, identity, NOW, of)(item), used.allowed);
    }),
    RUNS,
  );
});

test('a subscription is allowed exactly when access and each of its parts is', () => {
  const parts = [fc.array(uri, { maxLength: 3 }), fc.array(thingName, { maxLength: 2 })] as const;
  fc.assert(
    fc.property(enforcingDocuments, requests, ...parts, (document, request, uris, tools) => {
      const policy = compilePolicy(document);
      const allows = (target: PolicyRequest['target']): boolean =>
        evaluate(policy, { ...request, method: 'subscriptions/listen', target }).allowed;
      const tasks = tools.map((tool) => ({ kind: 'task', id: '1', tool }) as const);
      const all = [
        { kind: 'server' } as const,
        ...uris.map((one) => ({ kind: 'resource', uri: one }) as const),
        ...tasks,
      ];
      assert.equal(allows({ kind: 'subscription', uris, tasks }), all.every(allows));
    }),
    RUNS,
  );
});

test('a task is decided like a call of its tool, but that whoever may reach the server may cancel it', () => {
  fc.assert(
    fc.property(documents, requests, thingName, (document, request, tool) => {
      const policy = compilePolicy(document);
      const target = { kind: 'task', id: '1', tool } as const;
      const call = evaluate(policy, { ...request, method: 'tools/call', target: { kind: 'tool', name: tool } });
      assert.equal(evaluate(policy, { ...request, method: 'tasks/get', target }).allowed, call.allowed);
      const cancel = evaluate(policy, { ...request, method: 'tasks/cancel', target });
      const isSomebody = Object.values({ ...request.identity, session: '' }).some((one) => one !== '');
      if (!policy.sessionRequired) assert.equal(cancel.allowed, isSomebody || policy.observes);
      if (call.allowed) assert.equal(cancel.allowed, true);
    }),
    RUNS,
  );
});

test('an explanation gives the decision, and its last step says the same', () => {
  fc.assert(
    fc.property(documents, requests, (document, request) => {
      const policy = compilePolicy(document);
      const { decision, steps } = explain(policy, request);
      assert.deepEqual(decision, evaluate(policy, request));
      const observed = steps.at(-1)?.condition === 'the policy enforces';
      assert.equal(observed, policy.observes);
      const enforced = decision.allowed ? (decision.shadow ?? decision) : decision;
      assert.equal(steps.at(observed ? -2 : -1)?.result === 'denies', !enforced.allowed);
    }),
    RUNS,
  );
});

test('observing decides as enforcing would, and lets the call through', () => {
  fc.assert(
    fc.property(enforcingDocuments, requests, (document, request) => {
      const enforced = evaluate(compilePolicy(document), request);
      const policy = { ...document.policy, mode: 'observe' };
      const observed = evaluate(compilePolicy({ ...document, policy }), request);
      assert.ok(observed.allowed);
      assert.equal((observed.shadow ?? observed).allowed, enforced.allowed);
      if (observed.shadow) assert.deepEqual(observed.shadow, enforced);
    }),
    RUNS,
  );
});

test('a document is valid, survives printing and reading, and decides as before', () => {
  fc.assert(
    fc.property(documents, requests, (document, request) => {
      const stamped = stamp(document);
      assert.equal(faultOf(stamped), undefined);
      const parsed = parsePolicy(JSON.stringify(stamped));
      assert.ok(parsed.ok);
      assert.equal(stamp(parsed.document).revision, stamped.revision);
      const [before, after] = [stamped, parsed.document].map((one) => evaluate(compilePolicy(one), request));
      assert.deepEqual(after, before);
    }),
  );
});
