/** Whom to trust as the API server. */
export interface Trust {
  /** PEM; the roots of the system when absent. */
  readonly ca?: string;
  /** Name that the certificate of the server must carry; the host of its URL when absent. */
  readonly serverName?: string;
  /** Set by a kubeconfig that asks to trust whoever answers. */
  readonly verify?: 'never';
}

/** As whom to call: a client certificate, headers, both or nothing. */
export interface Credential {
  /** PEM. */
  readonly cert?: string;
  /** PEM. */
  readonly key?: string;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
}

/** Where an API server is, and how to prove who calls. Both proofs may change while a client is open. */
export interface ClusterAccess {
  readonly server: URL;
  /** Of the context, or of the pod. */
  readonly namespace: string;
  trust(): Promise<Trust>;
  /** @throws AppError `cluster_access_refused` when there is none to be had. */
  credential(): Promise<Credential>;
  /** The server refused the credential: the next one is not taken from a cache. */
  renew(): void;
}
