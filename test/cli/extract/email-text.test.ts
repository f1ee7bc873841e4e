import { expect, it } from "vitest";
import { emailText } from "../../../src/cli/extract/email-text.ts";

const htmlToText = async (html: string) => `html:${html.replace(/<[^>]*>/g, "").trim()}`;

function email(...lines: readonly string[]): Promise<string> {
  return emailText(Buffer.from(lines.join("\r\n")), htmlToText);
}

it("keeps the headers that people read, decoded, and the body", async () => {
  const text = await email(
    "Received: from somewhere",
    "From: =?utf-8?Q?J=C3=BCrgen?= <j@example.org>",
    "Subject: =?utf-8?B?R3LDvMOfZQ==?=",
    " continued",
    "",
    "Hello",
    "> quoted",
  );
  expect(text).toBe("From: Jürgen <j@example.org>\nSubject: Grüße continued\n\nHello\n> quoted\n");
});

it("takes the plain one of alternatives and leaves attachments out", async () => {
  const text = await email(
    'Content-Type: multipart/mixed; boundary="outer"',
    "",
    "--outer",
    "Content-Type: multipart/alternative; boundary=inner",
    "",
    "--inner",
    "Content-Type: text/html",
    "",
    "<p>rich</p>",
    "--inner",
    "Content-Type: text/plain; charset=iso-8859-1",
    "Content-Transfer-Encoding: quoted-printable",
    "",
    "sch=F6n und lang=",
    " genug",
    "--inner--",
    "--outer",
    "Content-Type: text/plain",
    "Content-Disposition: attachment; filename=a.txt",
    "",
    "attached",
    "--outer--",
  );
  expect(text.trim()).toBe("schön und lang genug");
});

it("takes HTML when there is nothing else", async () => {
  expect((await email("Content-Type: text/html", "Content-Transfer-Encoding: base64", "", "PHA+aGk8L3A+")).trim()).toBe(
    "html:hi",
  );
});

it.each([
  ["no text", ["Content-Type: image/png", "", "x"], /no text found/],
  ["an unknown encoding", ["Content-Transfer-Encoding: x-own", "", "x"], /unknown transfer encoding "x-own"/],
  ["bytes that its charset does not have", ["Content-Transfer-Encoding: quoted-printable", "", "=FF"], /not valid utf-8/],
])("fails with %s", async (_name, lines, message) => {
  await expect(email(...lines)).rejects.toThrow(message);
});
