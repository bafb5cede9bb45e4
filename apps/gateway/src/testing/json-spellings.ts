import fc from 'fast-check';

/** Numbers, strings and names that a reader and a writer between would spell otherwise. */
const NUMBERS = [
  '1.0',
  '1e2',
  '1E+2',
  '-0',
  '0.10',
  '9007199254740993',
  '123456789012345678901234567890',
  '1e-7',
] as const;
const STRINGS = ['"\\u0041"', '"\\/"', '"/"', '"é"', '"\\u00e9"', '"\\ud83d\\ude00"', '"\u2028"', '" "', '""'] as const;
const NAMES = [
  '"x"',
  '"\\u0078y"',
  '"10"',
  '"9"',
  '"__proto__"',
  '"constructor"',
  '"x-mcp-header"',
  '"$dynamicRef"',
] as const;
const SPACES = ['', ' ', '\n', '\t ', '\r\n'] as const;

const space = fc.constantFrom(...SPACES);
const scalar = fc.oneof(fc.constantFrom(...NUMBERS, ...STRINGS), fc.constantFrom('true', 'false', 'null'));

/** JSON texts of values that mean nothing to the gateway. */
export const { value: jsonText, object: objectText } = fc.letrec<{ value: string; object: string; list: string }>(
  (tie) => ({
    value: fc.oneof({ depthSize: 'small' }, scalar, tie('object'), tie('list')),
    object: fc
      .tuple(
        fc.uniqueArray(fc.constantFrom(...NAMES), { maxLength: 4 }),
        fc.array(tie('value'), { minLength: 4, maxLength: 4 }),
        space,
        space,
      )
      .map(([names, values, before, after]) => {
        const members = names.map((name, index) => `${before}${name}${after}:${before}${values[index] ?? 'null'}`);
        return `{${members.join(',')}${after}}`;
      }),
    list: fc
      .tuple(fc.array(tie('value'), { maxLength: 3 }), space)
      .map(([items, between]) => `[${items.join(`${between},`)}]`),
  }),
);

/** Further members for an object that has some already; `"x"` and its like stand for what is unknown. */
export const moreMembers: fc.Arbitrary<string> = fc
  .tuple(jsonText, objectText, space)
  .map(([one, other, between]) => `,${between}"unheard":${one},"x-more"${between}:${other}`);
