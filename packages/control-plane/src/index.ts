// resource files
export {
  type LoadedFiles,
  type ResourceProblem,
  loadResourceFiles,
  nearest,
  parseResources,
  problemText,
} from './files/index.ts';
