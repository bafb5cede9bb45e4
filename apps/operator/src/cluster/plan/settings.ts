import { type OperatorSettings } from '../settings.ts';

/** What the plan reads of the settings of an installation. */
export type PlanSettings = Pick<
  OperatorSettings,
  'dns' | 'egressDefault' | 'gateway' | 'images' | 'ingress' | 'mtls' | 'packages' | 'registry' | 'workloads'
>;

export interface ApiServerAddress {
  readonly address: string;
  readonly port: number;
}

/** What the plan has to know of the cluster. Everything else of it is left alone. */
export interface PlanObserved {
  /** Names of Deployments whose number of replicas somebody else decides (a HorizontalPodAutoscaler). */
  readonly autoscaled: ReadonlySet<string>;
  /** Addresses that each host of `egressHosts` has now. */
  readonly addresses: Readonly<Record<string, readonly string[]>>;
  /** Whether an idle server was put to sleep. */
  readonly activity: 'awake' | 'asleep';
  /** Where the API server itself is, behind the address of its Service. */
  readonly apiServer: readonly ApiServerAddress[];
  /** Secret of the keys that seal session ids, for gateways that are not in the namespace of the installation. */
  readonly sessionKeys?: string;
  /** Another server has the name of the canary; or it was promoted, and the version in use has not come to it yet. */
  readonly canary?: 'taken' | 'lingers';
  /** Public keys of session tokens (JWK Set), for gateways that are not in the namespace of the installation. */
  readonly tokenKeys?: string;
  /** What the gateway of a server with client certificates serves with, where the operator itself issues that. */
  readonly serving?: ServingMaterial;
}

/** All PEM. */
export interface ServingMaterial {
  /** Secret with the key, `tls.key`. */
  readonly keySecret: string;
  readonly certificate: string;
  /** Authorities of callers. */
  readonly clientAuthorities: string;
}
