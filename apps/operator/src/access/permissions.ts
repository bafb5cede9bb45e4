import { API_GROUP } from '@mcp-runtime/api';

/** What saying how grants and sessions stand, and removing sessions, takes beside watching. */
export const ACCESS_PERMISSIONS = [
  { apiGroup: API_GROUP, resources: ['mcpaccessgrants/status', 'mcpagentsessions/status'], verbs: ['update'] },
  { apiGroup: API_GROUP, resources: ['mcpagentsessions'], verbs: ['delete'] },
] as const;
