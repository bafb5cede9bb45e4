import { z } from 'zod';
import { SecretKeyRef } from '../references.ts';

const Quantity = z.string().regex(/^([0-9]+(\.[0-9]*)?|\.[0-9]+)(m|k|Ki|M|Mi|G|Gi|T|Ti|P|Pi|E|Ei)?$/, {
  error: 'must be a quantity such as `250m` or `64Mi`',
});

const ResourceList = z.strictObject({
  cpu: Quantity.optional().meta({ description: 'Cores, such as `250m`.' }),
  memory: Quantity.optional().meta({ description: 'Bytes, such as `64Mi`.' }),
});

export const Resources = z
  .strictObject({
    limits: ResourceList.optional().meta({ description: 'Never more than this.' }),
    requests: ResourceList.optional().meta({ description: 'At least this, set aside.' }),
  })
  .meta({ description: 'Compute of the container.' });

const VariableName = z.string().min(1).meta({ description: 'Name of the variable.' });

export const EnvVar = z.strictObject({ name: VariableName, value: z.string().meta({ description: 'Its value.' }) });

export const SecretEnvVar = z.strictObject({
  name: VariableName,
  secretKeyRef: SecretKeyRef.meta({
    description: 'Key of a Secret, in the namespace of the server, that holds its value.',
  }),
});
