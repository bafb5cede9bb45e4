import { z } from 'zod';
import { NamespaceName, ObjectName } from './meta.ts';

export const TeamId = z
  .string()
  .max(128)
  .regex(/^\S*$/, { error: 'must not contain white space' })
  .meta({ description: 'Platform team.' });

export const Subject = z
  .strictObject({
    humanID: z.string().max(1024).optional().meta({ description: 'The human, matched exactly and by case.' }),
    agentID: z.string().max(1024).optional().meta({ description: 'The agent, matched exactly and by case.' }),
    teamID: TeamId.optional(),
  })
  .meta({ description: 'Who. Every field that is set must match; a subject with no field matches nobody.' });

export type Subject = z.infer<typeof Subject>;

export const ServerRef = z
  .strictObject({
    name: ObjectName.meta({ description: 'Name of the MCPServer.' }),
    namespace: NamespaceName.optional().meta({
      description:
        "Namespace of the MCPServer; the object's own when absent. Another one counts only if that server admits it.",
    }),
  })
  .meta({ description: 'The server that this is about.' });

export const SecretKeyRef = z.strictObject({
  name: ObjectName.meta({ description: 'Name of the Secret.' }),
  key: z.string().min(1).max(253).meta({ description: 'Key inside the Secret.' }),
});
