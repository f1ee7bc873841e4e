import { createHash, createPrivateKey, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createSecureContext } from "node:tls";
import type { TlsSettings } from "../config/tls-settings.ts";
import { StartupError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import { messageOf } from "../domain/message-of.ts";
import type { Logger } from "../observability/logger.ts";

/** The settings that name the files of a listener that is encrypted. */
export type TlsFiles = Pick<TlsSettings, "tlsClientCaFile"> & {
  readonly [Name in "tlsCertFile" | "tlsKeyFile"]: NonNullable<TlsSettings[Name]>;
};

/** What those files hold; it has been checked that they go together. */
export interface TlsCertificate {
  /** As `node:tls` takes them, in PEM. */
  readonly context: { readonly cert: Buffer; readonly key: Buffer; readonly ca: Buffer | undefined };
  readonly expiresAt: Date;
  /** Of all three. */
  readonly digest: string;
}

/** @returns undefined if there is to be no TLS. */
export function tlsFilesOf({ tlsCertFile, tlsKeyFile, tlsClientCaFile }: TlsSettings): TlsFiles | undefined {
  if (tlsCertFile === undefined || tlsKeyFile === undefined) return undefined;
  return { tlsCertFile, tlsKeyFile, tlsClientCaFile };
}

/**
 * Reads certificate and key, and the authorities of clients' certificates if there are any.
 *
 * @throws StartupError that names the file and its setting if one cannot be read, is something else, or does not belong to the others.
 */
export async function readTlsCertificate({ tlsCertFile, tlsKeyFile, tlsClientCaFile }: TlsFiles): Promise<TlsCertificate> {
  const certName = `the file of LLMEMORY_TLS_CERT_FILE, ${tlsCertFile},`;
  const keyName = `the file of LLMEMORY_TLS_KEY_FILE, ${tlsKeyFile},`;
  const caName = `the file of LLMEMORY_TLS_CLIENT_CA_FILE, ${tlsClientCaFile},`;
  const cert = await read(tlsCertFile, certName);
  const key = await read(tlsKeyFile, keyName);
  const ca = tlsClientCaFile === undefined ? undefined : await read(tlsClientCaFile, caName);
  const certificate = attempt(`${certName} holds no certificate in PEM`, () => new X509Certificate(cert));
  const privateKey = attempt(`${keyName} holds no private key in PEM that is free of a password`, () => createPrivateKey(key));
  // Node takes anything here, and would then trust nobody.
  if (ca) attempt(`${caName} holds no certificate in PEM`, () => new X509Certificate(ca));
  if (!certificate.checkPrivateKey(privateKey))
    throw new StartupError(`${keyName} does not belong to the certificate: it is not the key of ${tlsCertFile}`);
  const context = { cert, key, ca };
  attempt(`${certName} cannot be used for TLS`, () => createSecureContext(context));
  const digest = createHash("sha256");
  for (const part of [cert, key, ca ?? Buffer.alloc(0)]) digest.update(`${part.length}:`).update(part);
  return { context, expiresAt: new Date(certificate.validTo), digest: digest.digest("hex") };
}

async function read(path: string, name: string): Promise<Buffer> {
  return await readFile(path).catch((cause: unknown) => {
    throw new StartupError(`${name} cannot be read: ${messageOf(cause)}`, { cause });
  });
}

/** Why it failed is the library's own word, which holds nothing of a key. */
function attempt<T>(problem: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw new StartupError(`${problem}: ${messageOf(cause)}`, { cause });
  }
}

/**
 * Reads the files again and again, since certificates are renewed while a service runs, and hands over what is new. What cannot be used
 * is logged, once, and the certificate before stays in use.
 *
 * @returns what ends it.
 */
export function followTlsFiles(
  deps: { readonly files: TlsFiles; readonly logger: Logger },
  first: TlsCertificate,
  use: (certificate: TlsCertificate) => void,
): () => void {
  const { files, logger } = deps;
  let used = first;
  let problem: string | undefined;
  let hasStopped = false;
  const look = async () => {
    try {
      const found = await readTlsCertificate(files);
      problem = undefined;
      if (hasStopped || found.digest === used.digest) return;
      use(found);
      used = found;
      logger.info(
        { expires_at: found.expiresAt },
        "the TLS certificate was renewed; connections that are open keep the one before",
      );
    } catch (error) {
      if (messageOf(error) === problem) return;
      problem = messageOf(error);
      logger.error({ err: error }, "the renewed TLS certificate cannot be used; the one before stays in use");
    }
  };
  const lookAgain = async () => {
    await look();
    if (!hasStopped) timer = setTimeout(lookAgain, limits.tlsFilesCheckMs);
  };
  let timer = setTimeout(lookAgain, limits.tlsFilesCheckMs);
  return () => {
    hasStopped = true;
    clearTimeout(timer);
  };
}
