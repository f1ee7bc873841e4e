import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connectionTlsOf } from "../../../src/cli/client/connection-tls.ts";
import { UserError } from "../../../src/cli/command-context.ts";
import { makeAuthority, makeCertificate, writeCertificate } from "../../support/certificates.ts";

let folder: string;
let caFile: string;
let client: { readonly certFile: string; readonly keyFile: string };
let garbageFile: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "llmemory-connection-tls-"));
  const authority = await makeAuthority("ours");
  caFile = (await writeCertificate(folder, "ca", authority)).certFile;
  client = await writeCertificate(folder, "client", await makeCertificate(authority));
  garbageFile = join(folder, "garbage");
  await writeFile(garbageFile, "no PEM");
});

afterAll(() => rm(folder, { recursive: true, force: true }));

test("nothing is said of TLS", async () => {
  expect(
    await connectionTlsOf({}, { LLMEMORY_TLS_CA_FILE: "", LLMEMORY_TLS_CERT_FILE: "of the service itself" }),
  ).toBeUndefined();
});

test("an option goes before the environment", async () => {
  expect(await connectionTlsOf({}, { AWORD_TLS_CA_FILE: caFile })).toEqual({ ca: expect.any(Buffer) });
  const environment = { LLMEMORY_TLS_SERVER_NAME: "b.example", LLMEMORY_TLS_CA_FILE: garbageFile };
  expect(await connectionTlsOf({ tlsCaFile: caFile, tlsServerName: "a.example" }, environment)).toEqual({
    ca: expect.any(Buffer),
    servername: "a.example",
  });
  const both = { tlsClientCertFile: client.certFile, tlsClientKeyFile: client.keyFile };
  expect(await connectionTlsOf(both, {})).toEqual({ cert: expect.any(Buffer), key: expect.any(Buffer) });
});

test("what cannot be used is named by option or variable, and by file", async () => {
  const refused = async (of: Promise<unknown>, message: string) => {
    await expect(of).rejects.toThrow(UserError);
    await expect(of).rejects.toThrow(message);
  };
  const missing = join(folder, "missing");
  await refused(connectionTlsOf({ tlsCaFile: missing }, {}), `the file of --tls-ca-file, ${missing}, cannot be read: ENOENT`);
  await refused(
    connectionTlsOf({}, { LLMEMORY_TLS_CA_FILE: garbageFile }),
    `the file of LLMEMORY_TLS_CA_FILE, ${garbageFile}, cannot be used`,
  );
  const mismatch = { tlsClientCertFile: caFile, tlsClientKeyFile: client.keyFile };
  await refused(connectionTlsOf(mismatch, {}), `the file of --tls-client-cert-file, ${caFile}, cannot be used`);
  await refused(connectionTlsOf({ tlsClientKeyFile: client.keyFile }, {}), "need each other");
});
