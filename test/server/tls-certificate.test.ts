import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { StartupError } from "../../src/domain/errors.ts";
import { readTlsCertificate, type TlsFiles, tlsFilesOf } from "../../src/server/tls-certificate.ts";
import { makeAuthority, makeCertificate, writeCertificate } from "../support/certificates.ts";

let folder: string;
let files: TlsFiles & { readonly tlsClientCaFile: string };
let garbageFile: string;
let otherKeyFile: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "llmemory-tls-"));
  garbageFile = join(folder, "garbage");
  await writeFile(garbageFile, "no PEM");
  const authority = await makeAuthority("ours");
  const { certFile: tlsClientCaFile } = await writeCertificate(folder, "ca", authority);
  const own = await writeCertificate(folder, "own", await makeCertificate(authority));
  otherKeyFile = (await writeCertificate(folder, "other", await makeCertificate(authority))).keyFile;
  files = { tlsCertFile: own.certFile, tlsKeyFile: own.keyFile, tlsClientCaFile };
});

afterAll(() => rm(folder, { recursive: true, force: true }));

test("reads what goes together, and tells when it expires", async () => {
  const now = Date.now();
  const { context, expiresAt, digest } = await readTlsCertificate(files);
  expect(String(context.cert)).toMatch(/^-----BEGIN CERTIFICATE-----/);
  expect(context.ca).toBeInstanceOf(Buffer);
  expect(expiresAt.getTime() - now).toBeGreaterThan(23 * 60 * 60 * 1_000);
  const withoutClients = await readTlsCertificate({ ...files, tlsClientCaFile: undefined });
  expect(withoutClients.context.ca).toBeUndefined();
  expect(withoutClients.digest).not.toBe(digest);
});

describe("names file and setting of", () => {
  test.each([
    ["tlsCertFile", "LLMEMORY_TLS_CERT_FILE"],
    ["tlsKeyFile", "LLMEMORY_TLS_KEY_FILE"],
    ["tlsClientCaFile", "LLMEMORY_TLS_CLIENT_CA_FILE"],
  ] as const)("a %s that is not there, or no PEM", async (name, variable) => {
    const missing = join(folder, "missing");
    const absent = readTlsCertificate({ ...files, [name]: missing });
    await expect(absent).rejects.toThrow(StartupError);
    await expect(absent).rejects.toThrow(`the file of ${variable}, ${missing}, cannot be read: ENOENT`);
    const garbage = readTlsCertificate({ ...files, [name]: garbageFile });
    await expect(garbage).rejects.toThrow(StartupError);
    await expect(garbage).rejects.toThrow(`the file of ${variable}, ${garbageFile}, holds no`);
  });

  test("a key of another certificate", async () => {
    const mismatch = readTlsCertificate({ ...files, tlsKeyFile: otherKeyFile });
    await expect(mismatch).rejects.toThrow(
      `the file of LLMEMORY_TLS_KEY_FILE, ${otherKeyFile}, does not belong to the certificate: it is not the key of ${files.tlsCertFile}`,
    );
  });
});

test("there is no TLS without a certificate", () => {
  expect(tlsFilesOf({ tlsCertFile: undefined, tlsKeyFile: undefined, tlsClientCaFile: undefined })).toBeUndefined();
  expect(tlsFilesOf(files)).toEqual(files);
});
