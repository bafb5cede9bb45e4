// reading resource files
export { loadResourceFiles, parseResources } from './load-files.ts';
export { type LoadedResource, type LoadedFiles } from './read-resources.ts';

// faults
export { schemaFaults } from './field-faults.ts';
export { type ResourceNote, type ResourceProblem, problemText } from './problem.ts';
