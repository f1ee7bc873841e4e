import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createSecureContext } from "node:tls";
import { variablesOf } from "../../config/setting-variables.ts";
import { UserError } from "../command-context.ts";
import { exitCodes } from "../exit-codes.ts";

/** The options for a service that speaks TLS, each with an environment variable. */
export interface TlsOptions {
  readonly tlsCaFile?: string;
  readonly tlsServerName?: string;
  readonly tlsClientCertFile?: string;
  readonly tlsClientKeyFile?: string;
}

/** What a client is told of TLS, as `node:tls` takes it; without `ca` it trusts the authorities that come with Node. */
export interface ConnectionTls {
  readonly ca?: Buffer;
  readonly servername?: string;
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads what the options and the environment say of TLS.
 *
 * @returns undefined if they say nothing.
 * @throws UserError if a file cannot be used, or one of a client's certificate and its key is missing.
 */
export async function connectionTlsOf(options: TlsOptions, environment: Environment): Promise<ConnectionTls | undefined> {
  const given = {
    ca: option("--tls-ca-file", options.tlsCaFile, environment),
    servername: option("--tls-server-name", options.tlsServerName, environment),
    cert: option("--tls-client-cert-file", options.tlsClientCertFile, environment),
    key: option("--tls-client-key-file", options.tlsClientKeyFile, environment),
  };
  if (!given.cert !== !given.key) throw unusable("--tls-client-cert-file and --tls-client-key-file need each other");
  const ca = given.ca && (await read(given.ca));
  const cert = given.cert && (await read(given.cert));
  const key = given.key && (await read(given.key));
  const tls = {
    ...(ca ? { ca } : {}),
    ...(given.servername ? { servername: given.servername.value } : {}),
    ...(cert ? { cert } : {}),
    ...(key ? { key } : {}),
  };
  // Node takes anything for an authority, and would then trust nobody.
  if (ca && given.ca) check(given.ca, () => new X509Certificate(ca));
  if (given.cert) check(given.cert, () => createSecureContext(tls));
  return Object.keys(tls).length === 0 ? undefined : tls;
}

interface GivenOption {
  /** What it came by, for messages. */
  readonly source: string;
  readonly value: string;
}

function option(flag: string, value: string | undefined, environment: Environment): GivenOption | undefined {
  if (value) return { source: flag, value };
  const variables = variablesOf({ variables: [`LLMEMORY_${flag.slice(2).toUpperCase().replaceAll("-", "_")}`] });
  const source = variables.find((variable) => environment[variable]);
  return source === undefined ? undefined : { source, value: environment[source] ?? "" };
}

async function read({ source, value }: GivenOption): Promise<Buffer> {
  return await readFile(value).catch((cause: unknown) => {
    throw unusable(`the file of ${source}, ${value}, cannot be read`, cause);
  });
}

function check({ source, value }: GivenOption, use: () => unknown): void {
  try {
    use();
  } catch (cause) {
    throw unusable(`the file of ${source}, ${value}, cannot be used`, cause);
  }
}

function unusable(problem: string, cause?: unknown): UserError {
  const why = cause instanceof Error ? `: ${cause.message}` : "";
  return new UserError(problem + why, exitCodes.usage, { cause });
}
