import { z } from 'zod';

/** Kubernetes quantity (API reference, `resource.Quantity`), in the forms that people write. */
const Quantity = z
  .string()
  .regex(/^[0-9]+(\.[0-9]+)?(m|k|M|G|T|P|Ki|Mi|Gi|Ti|Pi)?$/, { error: 'must be a quantity such as `500m` or `8Gi`' });

const Resources = z.strictObject({ cpu: Quantity, memory: Quantity });

const Groups = z
  .array(z.string().min(1).max(253))
  .max(16)
  .default([])
  .meta({ description: 'Groups of the cluster; `{team}` is the team id of the namespace.' });

/** What the namespaces of teams are furnished with. */
export const TenancySettings = z
  .strictObject({
    quota: z
      .record(z.string().min(1).max(253), Quantity)
      .default({
        pods: '20',
        'requests.cpu': '4',
        'requests.memory': '8Gi',
        'limits.cpu': '8',
        'limits.memory': '16Gi',
        persistentvolumeclaims: '4',
      })
      .meta({ description: 'Of a ResourceQuota; none when empty.' }),
    defaultRequest: Resources.default({ cpu: '100m', memory: '128Mi' }),
    defaultLimit: Resources.default({ cpu: '500m', memory: '512Mi' }),
    podSecurity: z.enum(['restricted', 'baseline', 'unlabelled']).default('restricted').meta({
      description: 'Level of Pod Security Admission; `unlabelled` leaves the labels of namespaces alone.',
    }),
    ownerGroups: Groups.meta({
      description: 'May also say who may call: grants and sessions. `{team}` is the team id.',
    }),
    memberGroups: Groups.meta({
      description: 'May run servers, and see grants and sessions. `{team}` is the team id.',
    }),
  })
  .prefault({});

export type TenancySettings = z.infer<typeof TenancySettings>;
