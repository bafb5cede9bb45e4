// messages
export { type Message, type MessageFault, type ReadMessage, isMembers, readMessage } from './message.ts';
export { type BatchFault, looksLikeBatch, readBatch } from './batch.ts';
export { FAULT_TEXT } from './fault-text.ts';
export { type Era, type EraFault, type HeaderLookup, eraOf } from './era.ts';
export { isKnownMethod, targetOf } from './target.ts';
export { META_KEYS } from './meta-keys.ts';
export { encodeMirrored, mirroredName } from './mirrored.ts';
export { TASKS_EXTENSION, mayBecomeTask, renameTasksInNotice, renameTasksInResponse } from './tasks.ts';
export { type Splice, keptStrings, spanAt, splice, stringAt } from './splice.ts';

export {
  ACKNOWLEDGED,
  acknowledge,
  askForEveryList,
  isListening,
  listNotice,
  listOf,
  listsAsked,
} from './subscriptions.ts';

// answers
export { type AnswerOutcome, isResponse, outcomeOf, outcomeOfBytes, responseFrom } from './answer.ts';
export { filterList } from './filter-list.ts';
export { type Reduced, reduceCapabilities } from './capabilities.ts';
export { isLostSession } from './lost-session.ts';
export { type SseEvent, SseSplitter } from './sse.ts';

// texts of JSON
export { memberText, withMembers } from './json-edit.ts';
export { itemTexts, readJsonText } from './json-text.ts';
