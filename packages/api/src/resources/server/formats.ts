import { z } from 'zod';

export const Port = z.int().min(1).max(65535);

export const IntOrPercent = z.union([
  z.int().min(0),
  z.string().regex(/^[0-9]+%?$/, { error: 'must be a whole number or a percentage such as `25%`' }),
]);

export const HeaderName = z
  .string()
  .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, { error: 'must be an HTTP header name (RFC 9110 §5.1)' });

export const Duration = z
  .string()
  .regex(/^([0-9]+(\.[0-9]+)?(ns|us|ms|s|m|h))+$/, { error: 'must be a duration such as `1h30m`' });
