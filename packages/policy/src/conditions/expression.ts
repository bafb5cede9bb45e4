import { type ASTNode, Environment, ParseError, type ParseResult } from '@marcbachmann/cel-js';

/** The path that a condition names below `arguments`: `['user', 'id']` of `arguments.user.id`. */
export type ArgumentPath = readonly string[];

export interface Expression {
  readonly text: string;
  /** Takes `arguments` and `identity`. Throws where the expression has no value. */
  readonly run: ParseResult;
  readonly paths: readonly ArgumentPath[];
  /** Whether a part of it runs for each item of a list. */
  readonly loops: boolean;
}

export type ReadExpression =
  | { readonly ok: true; readonly expression: Expression }
  | { readonly ok: false; readonly fault: string };

export const MAX_EXPRESSION_LENGTH = 1024;

/** What an evaluation can cost is bounded by these, and by the bounds of its input: there is no loop but over a list. */
const LIMITS = { maxAstNodes: 128, maxDepth: 24, maxListElements: 64, maxMapEntries: 0, maxCallArguments: 3 };

/** Texts grow by it. */
const MAX_SUMS = 8;

/** Functions that take time in proportion to what they are given. Patterns are not among them: their engine backtracks. */
const FUNCTIONS: readonly string[] = ['size', 'has', 'int', 'double', 'string'];
const METHODS: readonly string[] = ['size', 'contains', 'startsWith', 'endsWith'];
const LOOPS: readonly string[] = ['all', 'exists', 'exists_one'];

/** Without types: values are converted by their types before they come here. */
const environment = new Environment({ limits: LIMITS })
  .registerVariable('arguments', 'map<string, dyn>')
  .registerVariable('identity', 'map<string, string>');

/** Reads a condition and holds it against the part of CEL that conditions may use. */
export function readExpression(text: string): ReadExpression {
  if (text.length > MAX_EXPRESSION_LENGTH)
    return refuse(`it has ${text.length} characters, at most ${MAX_EXPRESSION_LENGTH} are allowed`);
  let run: ParseResult;
  try {
    run = environment.parse(text);
  } catch (error) {
    return refuse(error instanceof ParseError ? error.summary : 'it cannot be read');
  }
  const walk = new Walk();
  const fault = walk.faultIn(run.ast, []);
  if (fault !== undefined) return refuse(fault);
  if (!walk.readsInput) return refuse('it reads neither `arguments` nor `identity`, so it always says the same');
  return { ok: true, expression: { text, run, paths: walk.paths, loops: walk.loops } };
}

function refuse(fault: string): ReadExpression {
  return { ok: false, fault };
}

class Walk {
  readonly paths: ArgumentPath[] = [];
  readsInput = false;
  loops = false;
  #sums = 0;

  /** What in the expression is not allowed; collects the paths on its way. `bound` are the variables of loops around it. */
  faultIn(node: ASTNode, bound: readonly string[]): string | undefined {
    switch (node.op) {
      case 'value':
        return undefined;
      case 'id':
        return this.#faultInName(node.args, bound);
      case '.':
      case '[]':
        return this.#faultInAccess(node, bound);
      case 'call':
        return this.#faultInCall(node.args, bound);
      case 'rcall':
        return this.#faultInMethod(node.args, bound);
      case 'list':
        return this.#firstFault(node.args, bound);
      case '!_':
      case '-_':
        return this.faultIn(node.args, bound);
      case '+':
        this.#sums += 1;
        return this.#sums > MAX_SUMS ? `it has more than ${MAX_SUMS} \`+\`` : this.#firstFault(node.args, bound);
      case '?:':
      case '||':
      case '&&':
      case '==':
      case '!=':
      case 'in':
      case '<':
      case '<=':
      case '>':
      case '>=':
      case '-':
      case '*':
      case '/':
      case '%':
        return this.#firstFault(node.args, bound);
      default:
        return `\`${node.op}\` is not allowed in a condition`;
    }
  }

  #firstFault(nodes: readonly ASTNode[], bound: readonly string[]): string | undefined {
    for (const node of nodes) {
      const fault = this.faultIn(node, bound);
      if (fault !== undefined) return fault;
    }
    return undefined;
  }

  #faultInName(name: string, bound: readonly string[]): string | undefined {
    if (bound.includes(name)) return undefined;
    if (name === 'arguments') return 'name the argument that is meant, such as `arguments.path`';
    if (name === 'identity') return 'name what is meant: identity.human, .agent, .team or .session';
    return `\`${name}\` is not known, allowed: arguments, identity`;
  }

  #faultInAccess(node: Extract<ASTNode, { op: '.' | '[]' }>, bound: readonly string[]): string | undefined {
    const chain = literalChain(node);
    if (chain === undefined) {
      const [object, member] = node.args;
      return this.faultIn(object, bound) ?? (typeof member === 'string' ? undefined : this.faultIn(member, bound));
    }
    const { root, path } = chain;
    if (bound.includes(root)) return undefined;
    if (root === 'arguments') this.paths.push(path);
    else if (root !== 'identity') return this.#faultInName(root, bound);
    else if (path.length !== 1 || !IDENTITY.includes(path[0] ?? ''))
      return `\`identity.${path.join('.')}\` is not known, allowed: ${IDENTITY.join(', ')}`;
    this.readsInput = true;
    return undefined;
  }

  #faultInCall([name, args]: readonly [string, readonly ASTNode[]], bound: readonly string[]): string | undefined {
    if (!FUNCTIONS.includes(name)) return notAllowed(name);
    return this.#firstFault(args, bound);
  }

  #faultInMethod(
    [name, receiver, args]: readonly [string, ASTNode, readonly ASTNode[]],
    bound: readonly string[],
  ): string | undefined {
    if (name === 'contains' && !isSearch(receiver, args))
      return '`contains` takes a text that is written in the condition, and looks for it in an argument';
    if (METHODS.includes(name)) return this.faultIn(receiver, bound) ?? this.#firstFault(args, bound);
    if (!LOOPS.includes(name)) return notAllowed(name);
    if (bound.length > 0) return `\`${name}\` inside another loop is not allowed`;
    this.loops = true;
    const [variable, predicate] = args;
    if (variable?.op !== 'id' || predicate === undefined) return `\`${name}\` takes a variable and a predicate`;
    if (variable.args === 'arguments' || variable.args === 'identity')
      return `\`${variable.args}\` cannot be a variable`;
    return this.faultIn(receiver, bound) ?? this.faultIn(predicate, [variable.args]);
  }
}

/** Looking for a text takes the product of two lengths: one of them has to be short, and neither made up on the way. */
function isSearch(receiver: ASTNode, [sought]: readonly ASTNode[]): boolean {
  return sought?.op === 'value' && ['id', '.', '[]'].includes(receiver.op);
}

const IDENTITY: readonly string[] = ['human', 'agent', 'team', 'session'];

function notAllowed(name: string): string {
  const allowed = [...new Set([...FUNCTIONS, ...METHODS, ...LOOPS])].join(', ');
  const hint = name === 'matches' ? '; use startsWith, endsWith or contains' : '';
  return `\`${name}\` is not allowed in a condition, allowed: ${allowed}${hint}`;
}

/** `a.b["c"]` as its root and its names; undefined where a name is computed or the root is no variable. */
function literalChain(node: ASTNode): { readonly root: string; readonly path: readonly string[] } | undefined {
  if (node.op === 'id') return { root: node.args, path: [] };
  if (node.op !== '.' && node.op !== '[]') return undefined;
  const [object, member] = node.args;
  const name = typeof member === 'string' ? member : member.op === 'value' ? member.args : undefined;
  const chain = literalChain(object);
  if (chain === undefined) return undefined;
  return typeof name === 'string' ? { root: chain.root, path: [...chain.path, name] } : undefined;
}
