import { RESOURCE_KINDS, type ResourceKind, isResourceKind } from '@mcp-runtime/api';
import { z } from 'zod';
import { type Proposed, type Verdict } from './judge.ts';

/** AdmissionReview v1 (Kubernetes documentation, "Dynamic Admission Control", "Request" and "Response"). */

const API_VERSION = 'admission.k8s.io/v1';

const Review = z.looseObject({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal('AdmissionReview'),
  request: z.looseObject({
    uid: z.string().min(1).max(128),
    kind: z.looseObject({ group: z.string(), version: z.string(), kind: z.string() }),
    operation: z.string(),
    object: z.unknown(),
    oldObject: z.unknown(),
  }),
});

export interface AskedReview {
  readonly uid: string;
  readonly proposed: Proposed;
}

/** What is asked, or one line that says why it is no question for us. */
export function readReview(body: string, resource: string): AskedReview | { readonly fault: string } {
  const parsed = Review.safeParse(jsonOf(body));
  if (!parsed.success) return { fault: `not an AdmissionReview of ${API_VERSION}` };
  const { uid, kind, operation, object, oldObject } = parsed.data.request;
  const asked = kindOf(resource);
  if (asked === undefined || kind.kind !== asked) return { fault: `\`${kind.kind}\` is not judged at \`${resource}\`` };
  if (operation === 'CREATE') return { uid, proposed: { kind: asked, object } };
  if (operation === 'UPDATE') return { uid, proposed: { kind: asked, object, before: oldObject ?? {} } };
  return { fault: `operation \`${operation}\` is not judged, only CREATE and UPDATE` };
}

/** The API server shows a warning as it is, and cuts those that are together longer than 4096 characters. */
const LONGEST_WARNING = 256;
const MOST_WARNINGS = 15;
const MOST_FAULTS = 20;

export function writeReview(uid: string, { faults, warnings }: Verdict): string {
  const refused = {
    allowed: false,
    status: { code: 422, reason: 'Invalid', message: upTo(MOST_FAULTS, faults).join('\n') },
  };
  const response = {
    uid,
    ...(faults.length === 0 ? { allowed: true } : refused),
    ...(warnings.length === 0 ? {} : { warnings: upTo(MOST_WARNINGS, warnings).map(shortened) }),
  };
  return JSON.stringify({ apiVersion: API_VERSION, kind: 'AdmissionReview', response });
}

function upTo(most: number, lines: readonly string[]): readonly string[] {
  return lines.length <= most ? lines : [...lines.slice(0, most), `and ${lines.length - most} more`];
}

function shortened(line: string): string {
  return line.length <= LONGEST_WARNING ? line : `${line.slice(0, LONGEST_WARNING - 1)}…`;
}

function kindOf(plural: string): ResourceKind | undefined {
  return Object.keys(RESOURCE_KINDS)
    .filter(isResourceKind)
    .find((kind) => RESOURCE_KINDS[kind].plural === plural);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
