/** How one caller sees the messages of a server: what is not to be seen goes, and every other character stays. */
export interface View {
  /** A response; undefined when it cannot be read without ambiguity: then nothing of it may be shown. */
  readonly response: (text: string) => string | undefined;
  /** A notification or a question; undefined when it is not shown. */
  readonly notice: (text: string) => string | undefined;
}

export function same(text: string): string {
  return text;
}

/** A response through all views. */
export function responseThrough(views: readonly View[], text: string): string | undefined {
  let shown: string | undefined = text;
  for (const view of views) if (shown !== undefined) shown = view.response(shown);
  return shown;
}

/** A notification or a question through all views. */
export function noticeThrough(views: readonly View[], text: string): string | undefined {
  let shown: string | undefined = text;
  for (const view of views) if (shown !== undefined) shown = view.notice(shown);
  return shown;
}
