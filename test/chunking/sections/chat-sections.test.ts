import { describe, expect, it } from "vitest";
import { chatSections, parseMessageHead } from "../../../src/chunking/sections/chat-sections.ts";

function messagesOf(text: string): [text: string, metadata: unknown][] {
  return chatSections(text).map(({ start, end, metadata }) => [text.slice(start, end), metadata]);
}

describe("the beginning of a message", () => {
  it.each([
    ["Anna: hi", { speaker: "Anna", timestamp: undefined }],
    ["user:", { speaker: "user", timestamp: undefined }],
    ["Anna Smith: hi", { speaker: "Anna Smith", timestamp: undefined }],
    ["support agent: hi", { speaker: "support agent", timestamp: undefined }],
    ["Dr. Jean-Luc O'Neill (admin): hi", { speaker: "Dr. Jean-Luc O'Neill (admin)", timestamp: undefined }],
    ["María José Carreño Quiñones: hola", { speaker: "María José Carreño Quiñones", timestamp: undefined }],
    ["田中さん: こんにちは", { speaker: "田中さん", timestamp: undefined }],
    ["[2023-05-01 10:00] Anna Smith: hi", { speaker: "Anna Smith", timestamp: "2023-05-01 10:00" }],
    ["[2023-05-01T10:00:00Z] Anna: hi", { speaker: "Anna", timestamp: "2023-05-01T10:00:00Z" }],
    ["[10:00] @anna_92: hi", { speaker: "@anna_92", timestamp: "10:00" }],
    ["[01/05/2023, 10:00:12] +49 151 2345: hi", { speaker: "+49 151 2345", timestamp: "01/05/2023, 10:00:12" }],
    ["[1682935200] bot: hi", { speaker: "bot", timestamp: "1682935200" }],
    ["Note: this too, since nothing tells it from a name", { speaker: "Note", timestamp: undefined }],
  ])("is read from %j", (line, head) => {
    expect(parseMessageHead(line)).toEqual(head);
  });

  it.each([
    "",
    "hello there",
    "http://example.com",
    "12:30 we met",
    "  Anna: indented",
    "- item: text",
    "Anna:hi",
    "[1] Smith: a footnote",
    "[10:00] Anna joined",
    "I have one more question: is it true",
    `${"A".repeat(61)}: too long`,
    "“Anna”: quoted",
  ])("is not read from %j", (line) => {
    expect(parseMessageHead(line)).toBeUndefined();
  });
});

describe("a chat", () => {
  it("has one section per message, the speaker's name within it", () => {
    expect(messagesOf("[2023-05-01 10:00] Anna: hi\nthere\n\nBob: hello\r\nAnna:\n")).toEqual([
      ["[2023-05-01 10:00] Anna: hi\nthere\n\n", { speaker: "Anna", timestamp: "2023-05-01 10:00", message_index: 0 }],
      ["Bob: hello\r\n", { speaker: "Bob", message_index: 1 }],
      ["Anna:\n", { speaker: "Anna", message_index: 2 }],
    ]);
  });

  it("may begin with text of nobody", () => {
    expect(messagesOf("Chat export of May\nAnna: hi")).toEqual([
      ["Chat export of May\n", {}],
      ["Anna: hi", { speaker: "Anna", message_index: 0 }],
    ]);
  });

  it("gives blank lines at its beginning to the first message", () => {
    expect(messagesOf("\n\nAnna: hi")).toEqual([["\n\nAnna: hi", { speaker: "Anna", message_index: 0 }]]);
  });

  it("has no messages inside fenced code, unless they have a timestamp", () => {
    const fenced = "agent: see\n```yaml\nname: x\nport: 1\n```\nuser: ok\n";
    expect(messagesOf(fenced).map(([, metadata]) => metadata)).toMatchObject([{ speaker: "agent" }, { speaker: "user" }]);
    const open = "[10:00] agent: see\n```yaml\nname: x\n[10:01] user: ok\n";
    expect(messagesOf(open).map(([, metadata]) => metadata)).toMatchObject([
      { speaker: "agent" },
      { speaker: "name" },
      { speaker: "user" },
    ]);
  });

  it("goes on with messages after a fence that is never closed", () => {
    expect(messagesOf("agent: see\n```\nuser: ok\n").map(([, metadata]) => metadata)).toMatchObject([
      { speaker: "agent" },
      { speaker: "user" },
    ]);
  });

  it("groups messages in fives if there are more than ten", () => {
    const chat = (count: number) => "A: x\n".repeat(count);
    expect(chatSections(chat(11)).map(({ group }) => group)).toEqual([0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2]);
    expect(new Set(chatSections(chat(10)).map(({ group }) => group)).size).toBe(10);
  });

  it("without messages is one section", () => {
    expect(messagesOf("just\ntext")).toEqual([["just\ntext", {}]]);
  });
});
