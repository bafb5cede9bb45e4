/** Of an OAuth client (RFC 6749 §2.3.1): both parts are form-encoded first. */
export function basicCredentials(id: string, secret: string): string {
  const encode = (text: string): string => new URLSearchParams({ a: text }).toString().slice('a='.length);
  return `Basic ${Buffer.from(`${encode(id)}:${encode(secret)}`).toString('base64')}`;
}
