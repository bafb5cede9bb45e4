import { SIDE_EFFECTS, type SideEffect, TRUST_LEVELS, type TrustLevel } from '@mcp-runtime/api';

/** Trust as a number that compares: low 1, medium 2, high 3. Anything else counts as low. */
export type TrustRank = 1 | 2 | 3;

const RANKS: Readonly<Record<TrustLevel, TrustRank>> = { low: 1, medium: 2, high: 3 };
const NAMES: Readonly<Record<TrustRank, TrustLevel>> = { 1: 'low', 2: 'medium', 3: 'high' };

/** One form for every enumerated word, so that what validation accepted is what evaluation compares. */
export function normalWord(text: string | undefined): string {
  return (text ?? '').trim().toLowerCase();
}

export function trustRank(text: string | undefined): TrustRank {
  const word = normalWord(text);
  return isTrustLevel(word) ? RANKS[word] : 1;
}

export function trustName(rank: TrustRank): TrustLevel {
  return NAMES[rank];
}

export function isTrustLevel(word: string): word is TrustLevel {
  return TRUST_LEVELS.some((level) => level === word);
}

/** The side effect, or `''` when it is not one. */
export function sideEffectOf(text: string | undefined): SideEffect | '' {
  const word = normalWord(text);
  return SIDE_EFFECTS.find((effect) => effect === word) ?? '';
}

/** The other side effect where it is the graver one; else `''`. */
export function stricterThan(declared: SideEffect, other: SideEffect | ''): SideEffect | '' {
  return other !== '' && SIDE_EFFECTS.indexOf(other) > SIDE_EFFECTS.indexOf(declared) ? other : '';
}

/** The declared risk, or what side effect and trust amount to; `''` when nothing is known. */
export function riskOf(declared: string | undefined, sideEffect: SideEffect | '', trust: TrustRank): TrustLevel | '' {
  const word = normalWord(declared);
  if (isTrustLevel(word)) return word;
  if (sideEffect === 'destructive' || trust === 3) return 'high';
  if (sideEffect === 'write' || trust === 2) return 'medium';
  return sideEffect === 'read' ? 'low' : '';
}

/** The first that is not blank, untrimmed. */
export function firstNonBlank(...texts: readonly (string | undefined)[]): string {
  return texts.find((text) => text !== undefined && text.trim() !== '') ?? '';
}

/** Order of UTF-8 bytes, which is the order of code points. */
export function compareBytes(a: string, b: string): number {
  const shorter = Math.min(a.length, b.length);
  for (let at = 0; at < shorter; at++) {
    const difference = codePointOrder(a.charCodeAt(at)) - codePointOrder(b.charCodeAt(at));
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** Surrogates stand for the highest code points, but their units lie below U+E000. */
function codePointOrder(unit: number): number {
  if (unit >= 0xe000) return unit - 0x800;
  return unit >= 0xd800 ? unit + 0x2000 : unit;
}
