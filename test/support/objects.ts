import { API_VERSION } from '../../packages/api/src/index.ts';

/** Objects as a person writes them: they come to be in the namespace that they are applied in. */

export function aServer(name: string, spec: object): object {
  return { apiVersion: API_VERSION, kind: 'MCPServer', metadata: { name }, spec };
}

export function aGrant(name: string, spec: object): object {
  return { apiVersion: API_VERSION, kind: 'MCPAccessGrant', metadata: { name }, spec };
}

export function aSession(name: string, spec: object): object {
  return { apiVersion: API_VERSION, kind: 'MCPAgentSession', metadata: { name }, spec };
}

export function anAutoscaler(deployment: string): object {
  const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: deployment };
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: deployment },
    spec: { scaleTargetRef, maxReplicas: 5 },
  };
}

interface Access {
  readonly subject: object;
  readonly grant: object;
  readonly session?: object;
}

/** A server whose callers need a session, and a grant and a session of one caller, all under one name. */
export function governedServer(
  name: string,
  spec: object,
  { subject, grant, session = {} }: Access,
): readonly object[] {
  const about = { serverRef: { name }, subject };
  const governed = { policy: { denials: 'explain' }, session: { required: true }, gateway: { enabled: true } };
  return [
    aServer(name, { ...governed, ...spec }),
    aGrant(name, { ...about, ...grant }),
    aSession(name, { ...about, ...session }),
  ];
}
