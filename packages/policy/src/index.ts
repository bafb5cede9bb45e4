// the document
export { type Ignored, type RenderInput, type Rendered, isAbout, isAdmitted, renderPolicy } from './render.ts';
export { revisionOf, stamp } from './revision.ts';
export { type ParsedPolicy, parsePolicy } from './parse.ts';
export { faultOf } from './validate.ts';

// conditions on arguments
export { conditionFaults } from './conditions/grant-conditions.ts';
export { typeLines } from './conditions/argument-types.ts';

// limits
export { type Limits, limitsFor } from './limits.ts';

// decisions
export { type Policy, compilePolicy } from './compile.ts';
export { type Decision, type Denial, type Permit, isPermit } from './decision.ts';
export { evaluate, evaluateProbe, isVisible, limited } from './evaluate.ts';
export { type Identity, type PolicyRequest, isToolCall } from './request.ts';
export { basicScopes } from './scopes.ts';
export { type Explanation, type Step, explain } from './explain.ts';
export { type DecisionText, decisionText } from './decision-text.ts';
export { sessionOfCaller, sessionStanding, sessionSubject } from './standing.ts';
export { seesItems } from './seen-items.ts';
export { type Moment, type NotedList, changedLists, hasBoundary, readsVary } from './visible-lists.ts';
export { parseInstant } from './instant.ts';
