// kinds, as a resource store sees them
export { GRANTS, SERVERS, SESSIONS } from './resource-types.ts';

// resource files
export {
  type LoadedFiles,
  type ResourceProblem,
  loadResourceFiles,
  parseResources,
  problemText,
  schemaFaults,
} from './files/index.ts';

// session tokens
export { type KeyRing, openKeyRing } from './tokens/key-ring.ts';
export { type KeyStorage, keyFile } from './tokens/key-storage.ts';
export { type SigningKey } from './tokens/signing-key.ts';
export { type IssuedToken, signProbeToken, signSessionToken } from './tokens/issue.ts';
export { type SessionToken, issueSessionToken } from './tokens/session-token.ts';

export { certificateThumbprint, keyThumbprint } from './tokens/thumbprint.ts';

// what the platform API does
export { applyResources } from './apply.ts';
export { setGrantDisabled, setSessionRevoked } from './access.ts';
export { type Deployment, deployServer } from './deploy.ts';
export { durationMs } from './duration.ts';
export { summarize } from './summary.ts';
