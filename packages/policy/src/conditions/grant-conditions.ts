import { type MCPAccessGrant, type MCPServer } from '@mcp-runtime/api';
import { type TypeLine, typeLines } from './argument-types.ts';
import { compileCondition } from './condition.ts';

/** What is known of the arguments of tools, by name. */
export type ToolTypes = ReadonlyMap<string, readonly TypeLine[] | undefined>;

/** The part of a server that tells about its tools. */
interface ServerTools {
  readonly spec: Pick<MCPServer['spec'], 'tools'>;
  readonly status?: MCPServer['status'];
}

/** From the input schemas that the owner declares; for other tools from what the running server told. */
export function toolTypesOf({ spec, status }: ServerTools): ToolTypes {
  const told = (status?.tools ?? []).map((tool) => [tool.name, tool.arguments] as const);
  const declared = (spec.tools ?? []).flatMap(({ name, inputSchema }) =>
    inputSchema === undefined ? [] : [[name, typeLines(inputSchema)] as const],
  );
  return new Map([...told, ...declared]);
}

type NamedRule = NonNullable<MCPAccessGrant['spec']['toolRules']>[number];

/** What is wrong with the conditions of a grant on a server, each naming the rule, what was found and what is allowed. */
export function conditionFaults({ spec }: Pick<MCPAccessGrant, 'spec'>, server: ServerTools): readonly string[] {
  const types = toolTypesOf(server);
  return [
    ...faultsOf('toolRules', spec.toolRules ?? [], types),
    ...faultsOf('promptRules', spec.promptRules ?? [], NO_TYPES),
  ];
}

export const NO_TYPES: ToolTypes = new Map();

function faultsOf(field: string, rules: readonly NamedRule[], types: ToolTypes): readonly string[] {
  return rules.flatMap(({ name, condition }, index) => {
    const fault = condition === undefined ? undefined : compileCondition(condition, types.get(name)).fault;
    return fault === undefined
      ? []
      : [`spec.${field}[${index}].condition: \`${condition ?? ''}\` for \`${name}\`: ${fault}`];
  });
}

/** A condition that no call meets. */
const NEVER = 'identity.human != identity.human';

/**
 * The rule as it may stand in a document. A condition that came to be at fault, as when a tool changed, must neither help a
 * caller nor keep the rest of a policy from being loaded: a deny rule counts for every call then, an allow rule for none.
 */
export function renderedRule({ condition, ...rule }: NamedRule, types: ToolTypes): NamedRule {
  if (condition === undefined) return rule;
  if (compileCondition(condition, types.get(rule.name)).fault === undefined) return { ...rule, condition };
  return rule.decision === 'deny' ? rule : { ...rule, condition: NEVER };
}
