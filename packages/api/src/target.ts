/** Lists of which a caller sees what it may use. */
export type ListedKind = 'tools' | 'prompts' | 'resources' | 'templates';

/** A task, and the tool whose call it is: '' while that is not known, which no policy allows. */
export interface TaskTarget {
  readonly kind: 'task';
  readonly id: string;
  readonly tool: string;
}

/** What a message is about. */
export type Target =
  | { readonly kind: 'tool'; readonly name: string }
  | { readonly kind: 'prompt'; readonly name: string }
  | { readonly kind: 'resource'; readonly uri: string }
  /** A template: what it may turn into is not known yet. */
  | { readonly kind: 'template'; readonly uri: string }
  | { readonly kind: 'subscription'; readonly uris: readonly string[]; readonly tasks: readonly TaskTarget[] }
  | TaskTarget
  | { readonly kind: 'list'; readonly of: ListedKind }
  | { readonly kind: 'server' };
