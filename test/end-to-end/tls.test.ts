import { mkdtemp, rm } from "node:fs/promises";
import { connect as connectTcp } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConnectError } from "@connectrpc/connect";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { ConnectionTls } from "../../src/cli/client/connection-tls.ts";
import { connectToService, type ServiceConnection } from "../../src/cli/client/service-connection.ts";
import { exitCodes } from "../../src/cli/exit-codes.ts";
import { limits } from "../../src/domain/limits.ts";
import { type Certificate, makeAuthority, makeCertificate, writeCertificate } from "../support/certificates.ts";
import { runLlmemory } from "../support/run-llmemory.ts";
import { type Service, startService } from "../support/service.ts";

let folder: string;
let authority: Certificate;
let foreign: Certificate;
const opened: ServiceConnection[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "llmemory-tls-"));
  [authority, foreign] = await Promise.all([makeAuthority("ours"), makeAuthority("foreign")]);
});

afterEach(() => {
  for (const connection of opened.splice(0)) connection.close();
});

afterAll(() => rm(folder, { recursive: true, force: true }));

function connect(service: Service, tls?: ConnectionTls): ServiceConnection {
  const connection = connectToService(service.grpcAddress, tls);
  opened.push(connection);
  return connection;
}

/** "served", or why not: only what never became a call is refused. */
async function outcome({ memory }: ServiceConnection): Promise<string> {
  try {
    await memory.listDocuments({ ownerId: "ada" }, { timeoutMs: 10_000 });
    return "served";
  } catch (error) {
    if (!(error instanceof ConnectError) || error.metadata.has("grpc-status")) throw error;
    return `refused: ${error.rawMessage}`;
  }
}

const trusting = ({ cert }: Certificate) => ({ ca: Buffer.from(cert) });

describe("with a certificate", () => {
  let service: Service;
  let tlsSettings: { readonly LLMEMORY_TLS_CERT_FILE: string; readonly LLMEMORY_TLS_KEY_FILE: string };

  beforeAll(async () => {
    const { certFile, keyFile } = await writeCertificate(folder, "server", await makeCertificate(authority, ["memory.example"]));
    tlsSettings = { LLMEMORY_TLS_CERT_FILE: certFile, LLMEMORY_TLS_KEY_FILE: keyFile };
    service = await startService({ environment: tlsSettings });
  });

  afterAll(async () => {
    expect(await service.stop()).toBe(0);
  });

  test("gRPC is spoken over TLS, and in the clear no more", async () => {
    const { memory, search } = connect(service, trusting(authority));
    await memory.addDocument({ ownerId: "ada", idAtOrigin: "tea", content: "Ada likes tea." });
    const { results } = await search.search({ ownerId: "ada", queryText: "tea" });
    expect(results).toMatchObject([{ content: "Ada likes tea." }]);
    expect(await outcome(connect(service))).toMatch(/^refused/);
    const inTheClear = connectToService(`http://${service.grpcAddress}`, trusting(authority));
    opened.push(inTheClear);
    expect(await outcome(inTheClear)).toMatch(/^refused/);
  });

  test("who does not know its authority, or calls it by another name, does not go on", async () => {
    expect(await outcome(connect(service, trusting(foreign)))).toMatch(/^refused: .*certificate/);
    expect(await outcome(connect(service, { ...trusting(authority), servername: "other.example" }))).toMatch(
      /^refused: .*other\.example/,
    );
    expect(await outcome(connect(service, { ...trusting(authority), servername: "memory.example" }))).toBe("served");
  });

  test("the port for HTTP answers in the clear, as it did", async () => {
    expect((await fetch(`http://${service.httpAddress}/readyz`)).status).toBe(200);
  });

  test("the command line speaks TLS by address, option or environment", async () => {
    const { certFile } = await writeCertificate(folder, "authority", authority);
    const { certFile: foreignFile } = await writeCertificate(folder, "foreign", foreign);
    const address = ["--address", `https://${service.grpcAddress}`];
    const asked = await runLlmemory(["health", ...address, "--tls-ca-file", certFile, "--tls-server-name", "memory.example"]);
    expect(asked).toMatchObject({ exitCode: exitCodes.ok, stderr: "" });
    const environment = { LLMEMORY_GRPC_ADDRESS: service.grpcAddress, LLMEMORY_TLS_CA_FILE: certFile };
    expect(await runLlmemory(["health"], environment)).toMatchObject({ exitCode: exitCodes.ok });
    const refused = await runLlmemory(["health", ...address, "--tls-ca-file", foreignFile]);
    expect(refused.exitCode).toBe(exitCodes.unavailable);
    expect(refused.stderr).toMatch(/did not answer at https:.*certificate.*\n.*--tls-ca-file/);
  });

  test("a renewed certificate is taken up, one that is broken is not, and nobody is cut off", { timeout: 120_000 }, async () => {
    const seen = { timeout: 3 * limits.tlsFilesCheckMs, interval: 250 };
    const before = connect(service, trusting(authority));
    expect(await outcome(before)).toBe("served");

    const [renewed, other] = await Promise.all([makeCertificate(foreign), makeCertificate(foreign)]);
    await writeCertificate(folder, "server", { cert: renewed.cert, key: other.key });
    await expect.poll(service.stderr, seen).toContain("the renewed TLS certificate cannot be used");
    expect(service.stderr()).toContain(tlsSettings.LLMEMORY_TLS_KEY_FILE);
    expect(await outcome(connect(service, trusting(authority)))).toBe("served");

    await writeCertificate(folder, "server", renewed);
    await expect.poll(() => outcome(connect(service, trusting(foreign))), seen).toBe("served");
    expect(await outcome(connect(service, trusting(authority)))).toMatch(/^refused/);
    expect(await outcome(before)).toBe("served");
    expect(service.stderr()).toContain("the TLS certificate was renewed");
  });
});

describe("with an authority of clients' certificates", () => {
  let service: Service;
  let clientFiles: { readonly certFile: string; readonly keyFile: string };
  let caFile: string;

  beforeAll(async () => {
    const { certFile, keyFile } = await writeCertificate(folder, "mutual", await makeCertificate(authority));
    caFile = (await writeCertificate(folder, "clients", authority)).certFile;
    clientFiles = await writeCertificate(folder, "client", await makeCertificate(authority));
    service = await startService({
      environment: { LLMEMORY_TLS_CERT_FILE: certFile, LLMEMORY_TLS_KEY_FILE: keyFile, LLMEMORY_TLS_CLIENT_CA_FILE: caFile },
    });
  });

  afterAll(async () => {
    expect(await service.stop()).toBe(0);
  });

  test("only clients with a certificate of it are served", async () => {
    const [own, stranger] = await Promise.all([makeCertificate(authority), makeCertificate(foreign)]);
    const showing = ({ cert, key }: Certificate) => ({ cert: Buffer.from(cert), key: Buffer.from(key) });
    expect(await outcome(connect(service, { ...trusting(authority), ...showing(own) }))).toBe("served");
    expect(await outcome(connect(service, { ...trusting(authority), ...showing(stranger) }))).toMatch(/^refused/);
    expect(await outcome(connect(service, trusting(authority)))).toMatch(/^refused/);
  });

  test("the command line shows one", async () => {
    const { certFile, keyFile } = clientFiles;
    const connection = ["health", "--address", `https://${service.grpcAddress}`, "--tls-ca-file", caFile];
    const shown = ["--tls-client-cert-file", certFile, "--tls-client-key-file", keyFile];
    expect(await runLlmemory([...connection, ...shown])).toMatchObject({ exitCode: exitCodes.ok });
    expect(await runLlmemory(connection)).toMatchObject({ exitCode: exitCodes.unavailable });
  });
});

test("what never speaks TLS does not hold up a stop", async () => {
  const { certFile, keyFile } = await writeCertificate(folder, "silent", await makeCertificate(authority));
  const service = await startService({ environment: { LLMEMORY_TLS_CERT_FILE: certFile, LLMEMORY_TLS_KEY_FILE: keyFile } });
  const [host = "", port] = service.grpcAddress.split(":");
  const silent = connectTcp(Number(port), host);
  await new Promise((resolve) => silent.once("connect", resolve));
  expect(await service.stop()).toBe(0);
  silent.destroy();
});
