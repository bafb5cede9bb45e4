import { AppError, type ErrorCode } from '@mcp-runtime/api';

/** A server that nothing can be planned for until somebody changes it, or the settings: trying again is of no use. */
export class PlanRefusal extends AppError {}

export function refuse(code: ErrorCode, message: string, next: string): never {
  throw new PlanRefusal(code, message, { next });
}
