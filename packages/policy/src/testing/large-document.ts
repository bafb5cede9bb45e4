import { type PolicyDocument } from '@mcp-runtime/api';
import { type PolicyRequest } from '../request.ts';
import { NOW, aDocument, aGrant, aSession } from './documents.ts';

export interface Size {
  readonly tools: number;
  readonly grants: number;
  readonly sessions: number;
}

/** Half of the grants name an agent of their own and two tools, half a human of their own and the whole server. */
export function aLargeDocument({ tools, grants, sessions }: Size): PolicyDocument {
  return aDocument({
    sessionRequired: true,
    tools: numbers(tools).map((n) => ({ name: `tool-${n}`, required_trust: 'medium', side_effect: 'read' })),
    grants: numbers(grants).map((n) =>
      n % 2 === 0
        ? aGrant({ name: `grant-${n}`, human_id: `human-${n}` })
        : aGrant({
            name: `grant-${n}`,
            human_id: '',
            agent_id: `agent-${n}`,
            tool_rules: [{ name: `tool-${n % tools}` }, { name: `tool-${(n + 1) % tools}` }],
          }),
    ),
    sessions: numbers(sessions).map((n) =>
      aSession({ name: `session-${n}`, human_id: `human-${n % grants}`, agent_id: `agent-${(n + 1) % grants}` }),
    ),
  });
}

/** The calls of as many callers as asked for; each goes through session, grant, rule and trust. */
export function callsOf({ tools, grants, sessions }: Size, count: number): readonly PolicyRequest[] {
  return numbers(count).map((n) => {
    const session = (n * 7) % sessions;
    return {
      method: 'tools/call',
      target: { kind: 'tool', name: `tool-${n % tools}` },
      identity: {
        human: `human-${session % grants}`,
        agent: `agent-${(session + 1) % grants}`,
        team: '',
        session: `session-${session}`,
      },
      now: NOW,
    };
  });
}

function numbers(count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => index);
}
