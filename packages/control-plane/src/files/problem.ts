/** One fault in a resource file. Lines and columns count from 1; 0 means the file as a whole. */
export interface ResourceProblem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** Names the object and the field, says what was found and what is allowed. One line. */
  readonly message: string;
}

/** Something worth telling that is no fault, such as an object that was skipped. */
export type ResourceNote = ResourceProblem;

/** `file:line:column: message`, the form that editors and terminals turn into links. */
export function problemText(problem: ResourceProblem): string {
  const place = problem.line === 0 ? problem.file : `${problem.file}:${problem.line}:${problem.column}`;
  return `${place}: ${problem.message}`;
}

export function wholeFile(file: string, message: string): ResourceProblem {
  return { file, line: 0, column: 0, message };
}

/** Order of files as given, then of lines. */
export function inOrder(problems: readonly ResourceProblem[]): readonly ResourceProblem[] {
  const rank = new Map([...new Set(problems.map((problem) => problem.file))].map((file, index) => [file, index]));
  return problems.toSorted(
    (a, b) => (rank.get(a.file) ?? 0) - (rank.get(b.file) ?? 0) || a.line - b.line || a.column - b.column,
  );
}
