/** What a JSON text says, written a second time and in another way than the reader: recursive, and with every member kept. */
export type Tree =
  | { readonly kind: 'object'; readonly members: readonly (readonly [name: string, value: Tree])[] }
  | { readonly kind: 'array'; readonly items: readonly Tree[] }
  | { readonly kind: 'scalar'; readonly value: unknown; readonly text: string };

/** Undefined when the text is not JSON (RFC 8259). */
export function strictParse(text: string): Tree | undefined {
  const parser = new Parser(text);
  try {
    return parser.whole();
  } catch (error) {
    if (error instanceof NotJson) return undefined;
    throw error;
  }
}

class NotJson extends Error {}

const SPACE = /[ \t\r\n]*/y;
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const SCALAR = /true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
/** Deeper than any limit that is tested, and shallow enough for the stack. */
const MAX_DEPTH = 500;

class Parser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  whole(): Tree {
    const tree = this.#value(0);
    if (this.#at !== this.#text.length) throw new NotJson();
    return tree;
  }

  #value(depth: number): Tree {
    if (depth > MAX_DEPTH) throw new NotJson();
    this.#token(SPACE);
    const tree = this.#eat('{') ? this.#object(depth) : this.#eat('[') ? this.#array(depth) : this.#scalar();
    this.#token(SPACE);
    return tree;
  }

  #object(depth: number): Tree {
    const members: [string, Tree][] = [];
    this.#token(SPACE);
    if (this.#eat('}')) return { kind: 'object', members };
    do {
      this.#token(SPACE);
      const name: unknown = JSON.parse(this.#token(STRING));
      this.#token(SPACE);
      if (!this.#eat(':')) throw new NotJson();
      members.push([String(name), this.#value(depth + 1)]);
    } while (this.#eat(','));
    if (!this.#eat('}')) throw new NotJson();
    return { kind: 'object', members };
  }

  #array(depth: number): Tree {
    const items: Tree[] = [];
    this.#token(SPACE);
    if (this.#eat(']')) return { kind: 'array', items };
    do items.push(this.#value(depth + 1));
    while (this.#eat(','));
    if (!this.#eat(']')) throw new NotJson();
    return { kind: 'array', items };
  }

  #scalar(): Tree {
    const text = this.#token(this.#text[this.#at] === '"' ? STRING : SCALAR);
    const value: unknown = JSON.parse(text);
    return { kind: 'scalar', value, text };
  }

  #eat(char: string): boolean {
    if (this.#text[this.#at] !== char) return false;
    this.#at += 1;
    return true;
  }

  #token(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found === undefined) throw new NotJson();
    this.#at += found.length;
    return found;
  }
}

/** Objects of a tree, the outer ones first. */
export function* objectsIn(tree: Tree): Generator<Extract<Tree, { kind: 'object' }>> {
  if (tree.kind === 'object') yield tree;
  const inner =
    tree.kind === 'object' ? tree.members.map(([, value]) => value) : tree.kind === 'array' ? tree.items : [];
  for (const one of inner) yield* objectsIn(one);
}

export function hasEqualNames(tree: Tree): boolean {
  return [...objectsIn(tree)].some(({ members }) => new Set(members.map(([name]) => name)).size < members.length);
}

/** How many brackets are open at once. */
export function depthOf(tree: Tree): number {
  if (tree.kind === 'scalar') return 0;
  const inner = tree.kind === 'object' ? tree.members.map(([, value]) => value) : tree.items;
  return 1 + inner.reduce((deepest, one) => Math.max(deepest, depthOf(one)), 0);
}
