// kinds, as a resource store sees them
export { GRANTS, SERVERS, SESSIONS } from './resource-types.ts';

// resource files
export {
  type LoadedFiles,
  type ResourceProblem,
  loadResourceFiles,
  nearest,
  parseResources,
  problemText,
} from './files/index.ts';

// session tokens
export { type SigningKey, openSigningKey } from './tokens/signing-key.ts';
export { type IssuedToken, signProbeToken, signSessionToken } from './tokens/issue.ts';
