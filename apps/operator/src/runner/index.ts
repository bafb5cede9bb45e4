// the program in the pod of a server that is no image of its own, or speaks stdio
export { becomeChildOfInit } from './init.ts';
export { readInstructions } from './instructions.ts';
export { type Runner, type RunnerOptions, startRunner } from './runner.ts';
