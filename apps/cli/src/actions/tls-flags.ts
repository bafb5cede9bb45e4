import { AppError } from '@mcp-runtime/api';

interface TlsSettings {
  readonly tlsCert?: string | undefined;
  readonly tlsKey?: string | undefined;
  readonly tlsClientCa?: string | undefined;
  readonly tlsClientCertificates?: 'optional' | 'required' | undefined;
}

interface TlsOptions {
  readonly files: { readonly cert: string; readonly key: string; readonly clientCa?: string };
  readonly clientCertificates: 'optional' | 'required';
}

/** What a TLS listener needs; undefined for plain HTTP. @throws AppError `invalid_config` when a part is missing. */
export function tlsOptions(settings: TlsSettings): TlsOptions | undefined {
  const { tlsCert: cert, tlsKey: key, tlsClientCa: clientCa, tlsClientCertificates = 'optional' } = settings;
  if (cert === undefined && key === undefined && clientCa === undefined && tlsClientCertificates === 'optional') return;
  if (cert === undefined || key === undefined) {
    throw new AppError('invalid_config', 'TLS needs a certificate and its key', {
      next: 'give both --tls-cert FILE and --tls-key FILE, and --tls-client-ca FILE to ask for client certificates',
    });
  }
  if (tlsClientCertificates === 'required' && clientCa === undefined) {
    throw new AppError('invalid_config', 'client certificates are required, and no authority for them is given', {
      next: 'add --tls-client-ca FILE',
    });
  }
  const files = { cert, key, ...(clientCa === undefined ? {} : { clientCa }) };
  return { files, clientCertificates: tlsClientCertificates };
}
