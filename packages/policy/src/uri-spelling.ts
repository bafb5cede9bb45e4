const HEAD = /^([a-z][a-z\d+.-]*:)(\/\/[^/?#\\]*)?/i;
/** Of files on this machine (RFC 8089 §2). */
const LOCAL_FILE = /^file:(?:\/\/(?:localhost)?)?$/;

/**
 * The one spelling of a URI that stands for all that a server may take for the same (RFC 3986 §6.2): percent-encoding is
 * undone, dot segments and empty ones are gone, scheme and host are in lower case. Only for finding what is denied: two that
 * are different to one server may become one.
 */
export function plainSpelling(uri: string): string {
  const text = decoded(uri);
  const [head = ''] = HEAD.exec(text) ?? [];
  const segments: string[] = [];
  for (const segment of text.slice(head.length).split(/[/\\]+/)) {
    if (segment === '..' && segments.length > 1) segments.pop();
    else if (segment !== '.' && segment !== '..') segments.push(segment);
  }
  return head.toLowerCase().replace(LOCAL_FILE, 'file://') + segments.join('/');
}

function decoded(uri: string): string {
  try {
    return decodeURIComponent(uri);
  } catch {
    return uri.replaceAll(/%([2-7][\da-f])/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
  }
}
