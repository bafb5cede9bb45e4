import { z } from 'zod';

const Count = z.int().min(1);

/** How much a caller may do. Each caller of the server is counted for itself, in each gateway. */
export const Limits = z.strictObject({
  windowSeconds: z
    .int()
    .min(1)
    .max(86_400)
    .default(60)
    .meta({ description: 'Length of the window that is counted over.' }),
  calls: Count.optional().meta({ description: 'Requests in a window.' }),
  requestBytes: Count.optional().meta({ description: 'Bytes of request bodies in a window.' }),
  responseBytes: Count.optional().meta({
    description: 'Bytes of answers in a window. An answer is counted when it has ended.',
  }),
  concurrency: Count.optional().meta({ description: 'Requests in progress at once, subscriptions aside.' }),
});
