import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { generate } from "selfsigned";

/** A certificate with its private key, in PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

const usual = { keyType: "ec", algorithm: "sha256" } as const;

/** An authority that nobody knows. */
export async function makeAuthority(name: string): Promise<Certificate> {
  const extensions = [
    { name: "basicConstraints", cA: true, critical: true },
    { name: "keyUsage", keyCertSign: true, cRLSign: true, critical: true },
  ] as const;
  const made = await generate([{ name: "commonName", value: name }], { ...usual, extensions: [...extensions] });
  return { cert: made.cert, key: made.private };
}

/** For a server at 127.0.0.1 and `names`, or for a client; for a day. */
export async function makeCertificate(authority: Certificate, names: readonly string[] = []): Promise<Certificate> {
  const made = await generate([{ name: "commonName", value: "llmemory" }], {
    ...usual,
    ca: authority,
    notAfterDate: new Date(Date.now() + 24 * 60 * 60 * 1_000),
    extensions: [
      { name: "basicConstraints", cA: false, critical: true },
      {
        name: "subjectAltName",
        altNames: [{ type: 7, ip: "127.0.0.1" }, ...names.map((value) => ({ type: 2 as const, value }))],
      },
    ],
  });
  return { cert: made.cert, key: made.private };
}

/** Writes `NAME.cert.pem` and `NAME.key.pem`; gives their paths. */
export async function writeCertificate(
  folder: string,
  name: string,
  { cert, key }: Certificate,
): Promise<{ readonly certFile: string; readonly keyFile: string }> {
  const [certFile, keyFile] = [join(folder, `${name}.cert.pem`), join(folder, `${name}.key.pem`)];
  await writeFile(certFile, cert);
  await writeFile(keyFile, key);
  return { certFile, keyFile };
}
