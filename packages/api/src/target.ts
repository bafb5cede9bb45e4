/** Lists of which a caller sees what it may use. */
export type ListedKind = 'tools' | 'prompts' | 'resources' | 'templates';

/** What a message is about. */
export type Target =
  | { readonly kind: 'tool'; readonly name: string }
  | { readonly kind: 'prompt'; readonly name: string }
  | { readonly kind: 'resource'; readonly uri: string }
  /** A template: what it may turn into is not known yet. */
  | { readonly kind: 'template'; readonly uri: string }
  | { readonly kind: 'resources'; readonly uris: readonly string[] }
  | { readonly kind: 'task'; readonly id: string }
  | { readonly kind: 'list'; readonly of: ListedKind }
  | { readonly kind: 'server' };
