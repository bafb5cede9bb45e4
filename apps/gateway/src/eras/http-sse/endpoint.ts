/** Longest URI that is taken for one. */
const MAX_LENGTH = 4096;

/**
 * Where the messages of a session go, from the data of its `endpoint` event: resolved against the URL of the stream (MCP
 * 2024-11-05, "HTTP with SSE"). Undefined for what is no URL, and for another origin, which would get the credential that is
 * meant for this one.
 */
export function endpointOf(data: string, stream: URL): URL | undefined {
  if (data.length > MAX_LENGTH || !URL.canParse(data, stream.href)) return undefined;
  const endpoint = new URL(data, stream);
  const hasCredential = endpoint.username !== '' || endpoint.password !== '';
  return endpoint.origin === stream.origin && !hasCredential ? endpoint : undefined;
}
