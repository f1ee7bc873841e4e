import type { SettingDefinitions } from "./setting-definition.ts";

/** What encrypts the listener for gRPC; nothing does if there is no certificate. */
export interface TlsSettings {
  /** PEM: the certificate, then those between it and what clients trust. */
  readonly tlsCertFile: string | undefined;
  /** PEM: its private key. */
  readonly tlsKeyFile: string | undefined;
  /** PEM: what must have signed the certificates of clients; undefined: clients need none. */
  readonly tlsClientCaFile: string | undefined;
}

/** The part of the catalogue of settings that is of TLS. */
export const tlsSettingDefinitions: SettingDefinitions<TlsSettings> = {
  tlsCertFile: {
    variables: ["LLMEMORY_TLS_CERT_FILE"],
    fallback: undefined,
    description: "PEM file of the certificate, and of those between it and its authority; not set: gRPC is in the clear",
    parse: (text) => text,
  },
  tlsKeyFile: {
    variables: ["LLMEMORY_TLS_KEY_FILE"],
    fallback: undefined,
    description: "PEM file of the certificate's private key",
    parse: (text) => text,
  },
  tlsClientCaFile: {
    variables: ["LLMEMORY_TLS_CLIENT_CA_FILE"],
    fallback: undefined,
    description: "PEM file of the authorities that must have signed the certificates of clients; not set: clients need none",
    parse: (text) => text,
  },
};
