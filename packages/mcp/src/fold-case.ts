/** A name as readers see it that ignore case. Folds at least what Unicode's simple folding does: U+017F becomes `s` and U+212A becomes `k`. */
export function foldCase(name: string): string {
  return name.toUpperCase().toLowerCase();
}
