import { z } from 'zod';

const Port = z.int().min(1).max(65535);

const Egress = z.strictObject({
  host: z
    .string()
    .max(253)
    .regex(/^[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?(\.[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?)*$/, {
      error: 'must be a host name such as `api.example.com`, without wildcards',
    })
    .optional()
    .meta({ description: 'Host name; what it resolves to is followed.' }),
  cidr: z
    .string()
    .max(49)
    .regex(/^[0-9a-fA-F.:]+\/[0-9]{1,3}$/, { error: 'must be an address range such as `10.20.0.0/16`' })
    .optional()
    .meta({ description: 'Range of addresses.' }),
  ports: z.array(Port).min(1).max(16).default([443]).meta({ description: 'TCP ports.' }),
});

export const Network = z.strictObject({
  egress: z.array(Egress).max(64).optional().meta({
    description:
      'Where the server may connect to, beside DNS and the registry that its package comes from. An empty list: nowhere.',
  }),
});
