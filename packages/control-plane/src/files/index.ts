// reading resource files
export { loadResourceFiles, parseResources } from './load-files.ts';
export { type LoadedResource, type LoadedFiles } from './read-resources.ts';

// faults
export { type ResourceNote, type ResourceProblem, problemText } from './problem.ts';
