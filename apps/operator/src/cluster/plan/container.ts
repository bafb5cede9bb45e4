import { type Fields } from './object.ts';

/** The part of a Kubernetes Container that plans use. */
export interface Container {
  readonly name: string;
  readonly image: string;
  readonly imagePullPolicy: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly ports?: readonly ContainerPort[];
  readonly env?: readonly EnvVar[];
  readonly resources: object;
  readonly volumeMounts: readonly VolumeMount[];
  readonly securityContext: Fields;
  readonly startupProbe?: Fields;
  readonly livenessProbe?: Fields;
  readonly readinessProbe?: Fields;
  readonly lifecycle?: Fields;
  readonly terminationMessagePolicy?: 'FallbackToLogsOnError';
}

export interface ContainerPort {
  readonly name: string;
  readonly containerPort: number;
  readonly protocol: 'TCP';
}

export type EnvVar =
  | { readonly name: string; readonly value: string }
  | { readonly name: string; readonly valueFrom: Fields };

export interface VolumeMount {
  readonly name: string;
  readonly mountPath: string;
  readonly subPath?: string;
  readonly readOnly?: boolean;
}

/** Restricted (Pod Security Standards), and nothing of the image can be changed. */
export const CONFINED: Fields = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  readOnlyRootFilesystem: true,
  runAsNonRoot: true,
};

/** Kept up while a pod ends, so that who routes to it has heard of that first. */
export const DRAIN: Fields = { preStop: { sleep: { seconds: 5 } } };

const START_PERIOD_SECONDS = 2;

/** A TCP server has started when its port is open: no fixed delay, and no restart of one that starts slowly. */
export function tcpProbes(
  port: string,
  startSeconds: number,
): Pick<Container, 'startupProbe' | 'livenessProbe' | 'readinessProbe'> {
  const tcpSocket = { port };
  return {
    startupProbe: {
      tcpSocket,
      periodSeconds: START_PERIOD_SECONDS,
      failureThreshold: Math.ceil(startSeconds / START_PERIOD_SECONDS),
    },
    livenessProbe: { tcpSocket, periodSeconds: 10, failureThreshold: 3 },
    readinessProbe: { tcpSocket, periodSeconds: 5, failureThreshold: 2 },
  };
}

/** `text` as the kubelet leaves it: it replaces `$(NAME)` in arguments and values of variables. */
export function literal(text: string): string {
  return text.replaceAll('$(', '$$$$(');
}
