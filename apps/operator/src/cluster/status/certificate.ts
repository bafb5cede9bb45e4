import { type KubeObject } from '@mcp-runtime/kube';
import { z } from 'zod';
import { type Verdict, no } from '../../conditions.ts';

/** Of cert-manager.io/v1, https://cert-manager.io/docs/reference/api-docs/#cert-manager.io/v1.CertificateStatus */
const CertificateStatus = z.object({
  conditions: z.array(z.object({ type: z.string(), status: z.string(), message: z.string().default('') })).default([]),
});

/** Pods wait for the Secret of a certificate, and all that Kubernetes says of them is that they are being created. */
export function withCertificate(workload: Verdict, certificate: KubeObject | undefined): Verdict {
  if (certificate === undefined || workload.status === 'True' || workload.reason === 'Stopped') return workload;
  const { data } = CertificateStatus.safeParse(certificate.status ?? {});
  const ready = data?.conditions.find(({ type }) => type === 'Ready');
  if (ready?.status === 'True') return workload;
  const why = ready?.message ?? 'cert-manager has not looked at it yet';
  return no('CertificatePending', `the Certificate \`${certificate.metadata.name}\` is not ready: ${why}`);
}
