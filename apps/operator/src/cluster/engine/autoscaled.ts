import { type KubeObject } from '@mcp-runtime/kube';
import { z } from 'zod';

const AutoscalerSpec = z.object({ scaleTargetRef: z.object({ kind: z.string(), name: z.string() }) });

/** The Deployment that a HorizontalPodAutoscaler scales. */
export function autoscaledDeployment({ spec }: KubeObject): string | undefined {
  const { data } = AutoscalerSpec.safeParse(spec);
  return data?.scaleTargetRef.kind === 'Deployment' ? data.scaleTargetRef.name : undefined;
}
