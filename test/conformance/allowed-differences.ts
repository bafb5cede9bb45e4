import { type Difference } from './compare.ts';

/** A difference that is decided, not a fault. One that does not occur any more fails the test too. */
interface AllowedDifference extends Omit<Difference, 'messages'> {
  readonly server: string;
  readonly because: string;
}

export const ALLOWED_DIFFERENCES: readonly AllowedDifference[] = [
  {
    server: 'server-everything',
    scenario: 'dns-rebinding-protection',
    check: 'localhost-host-rebinding-rejected',
    direct: 'FAILURE',
    governed: 'SUCCESS',
    because: 'the gateway looks at Host and Origin itself, so it protects a server that does not',
  },
];
