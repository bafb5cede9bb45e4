const REDACTED = '[redacted]';
const TOO_DEEP = '[too deep]';

const MAX_DEPTH = 8;
const MAX_TEXT = 1024;
const MAX_ITEMS = 100;
/** How much of a text is searched for secrets; more than is kept, so that none is cut into innocence. */
const MAX_SEARCHED = 8192;

/** Of names in lower case without separators: `X-Api-Key`, `apiKey` and `API_KEY` are all `apikey`. */
const SECRET_NAME =
  /pass(?:word|wd|phrase|code)|secret|credential|authorization|cookie|(?:api|private|access|signing|encryption|ssh|master)key|tokens?$|bearer|connectionstring|^(?:pwd|auth|jwt|otp|pin|cvv|cvc|ssn)$/;

/** Forms that issuers gave their secrets, and the two usual ways to write one into a text. */
const SECRET_TEXT: readonly RegExp[] = [
  /\bbearer\s+[a-z0-9._~+/-]{8,}/i,
  /\b[Bb]asic\s+(?=\S*[A-Z0-9=])[A-Za-z0-9+/]{8,}/,
  /\beyJ[\w-]{8,}\.eyJ[\w-]{4,}/,
  /\b(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{16}\b/,
  /\bgh[pousr]_[A-Za-z0-9]{20,}|\bgithub_pat_\w{20,}|\bglpat-[\w-]{16,}/,
  /\bsk-[\w-]{20,}|\b[sr]k_(?:live|test)_\w{16,}|\bxox[abeoprs]-[\w-]{10,}|\bAIza[\w-]{35}|\bnpm_[A-Za-z0-9]{36}/,
  /-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----/,
  /\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s/:@]*:[^\s/@]+@/i,
  /(?:password|passwd|secret|token|api[_-]?key|private[_-]?key|access[_-]?key)["']?\s*[=:]\s*["']?[^\s"']/i,
];

/**
 * A copy of tool arguments that may be kept: values under secret-looking names and values that look like
 * secrets become `[redacted]`. Bounded: 8 levels, 1024 UTF-16 units a text, 100 items a list or object.
 * Pure; functions and symbols are dropped, as JSON drops them.
 */
export function redact(value: unknown): unknown {
  return redacted(value, 0);
}

function redacted(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return redactedText(value);
  if (value === null || value === undefined || typeof value === 'number' || typeof value === 'boolean') return value;
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'object') return undefined;
  if (depth >= MAX_DEPTH) return TOO_DEEP;
  if (Array.isArray(value)) return redactedList(value, depth);
  return redactedObject(value, depth);
}

/** In an argument list the item after `--password` is the secret. */
function redactedList(list: readonly unknown[], depth: number): unknown[] {
  return list
    .slice(0, MAX_ITEMS)
    .map((item, index) => (isSecretFlag(list[index - 1]) ? REDACTED : redacted(item, depth + 1)));
}

function redactedObject(object: object, depth: number): Record<string, unknown> {
  const entries: [string, unknown][] = Object.entries(object).slice(0, MAX_ITEMS);
  const namesSecret = entries.some(([key, name]) => /^(?:name|key)$/i.test(key) && isSecretName(name));
  return Object.fromEntries(
    entries.map(([key, value]) => {
      const isSecret = isSecretKey(key, value) || (namesSecret && /^value$/i.test(key));
      return [redactedText(key), isSecret ? REDACTED : redacted(value, depth + 1)];
    }),
  );
}

function redactedText(text: string): string {
  const searched = text.slice(0, MAX_SEARCHED);
  if (SECRET_TEXT.some((form) => form.test(searched))) return REDACTED;
  return text.length <= MAX_TEXT ? text : `${text.slice(0, MAX_TEXT - 1)}…`;
}

/** `max_tokens: 400` counts; `tokens: ['…']` does not. */
function isSecretKey(key: string, value: unknown): boolean {
  return isSecretName(key) && !(typeof value === 'number' && /tokens$/i.test(key));
}

function isSecretName(name: unknown): boolean {
  return (
    typeof name === 'string' &&
    SECRET_NAME.test(
      name
        .slice(0, 256)
        .toLowerCase()
        .replaceAll(/[^a-z0-9]/g, ''),
    )
  );
}

function isSecretFlag(item: unknown): boolean {
  return typeof item === 'string' && /^--?[a-z]/i.test(item) && !item.includes('=') && isSecretName(item);
}
