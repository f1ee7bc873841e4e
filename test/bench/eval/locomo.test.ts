import { create } from "@bufbuild/protobuf";
import { TimestampSchema, timestampDate } from "@bufbuild/protobuf/wkt";
import { describe, expect, test } from "vitest";
import { type LocomoConversation, locomoCollection } from "../../../bench/eval/locomo.ts";
import { chatSections } from "../../../src/chunking/sections/chat-sections.ts";

const conversation: LocomoConversation = {
  speaker_a: "Ada",
  session_10_date_time: "12:05 am on 1 March, 2024",
  session_10: [{ speaker: "Ada", dia_id: "D10:1", text: "Later." }],
  session_2_date_time: "1:56 pm on 8 May, 2023",
  session_2: [
    { speaker: "Ada", dia_id: "D2:1", text: "Two lines.\n\n[10:30] Bob: this begins no message\n" },
    { speaker: "Bob", text: "without an id" },
    { speaker: "Bob", dia_id: "D2:2", text: "Look!", blip_caption: "a photo of a dog" },
    { speaker: "Ada", dia_id: "D2:3", text: "```" },
    { speaker: "Bob", dia_id: "D2:4", text: "Note: none either" },
  ],
  session_3: [],
  session_2_summary: "not a session",
  qa: [
    { question: "one turn?", category: 1, evidence: ["D2:1"] },
    { question: "several in one text?", category: 2, evidence: ["D2:02; D10:1", "D2:2"] },
    { question: "no such turn?", category: 1, evidence: ["D9:9"] },
    { question: "no evidence?", category: 3 },
    { question: "never said?", category: 5, evidence: ["D2:1"] },
  ],
};
const collection = locomoCollection("7", conversation);

test("a session is a chat, dated and named by its speakers, in the order of the sessions' numbers", () => {
  expect(collection.name).toBe("locomo-7");
  expect(collection.documents.map(({ idAtOrigin, documentName }) => [idAtOrigin, documentName])).toEqual([
    ["session_2", "Ada and Bob"],
    ["session_10", "Ada"],
  ]);
  const dates = collection.documents.map(({ documentDate }) => timestampDate(create(TimestampSchema, documentDate)));
  expect(dates).toEqual([new Date("2023-05-08T13:56:00Z"), new Date("2024-03-01T00:05:00Z")]);
});

test("each turn is one message to the chunker, whatever its text, and a hit leads back to it", () => {
  const content = collection.documents[0]?.content ?? "";
  const messages = chatSections(content).map(({ start, end, metadata }) => [
    collection.judgedIdOf({ idAtOrigin: "session_2", chunkMetadata: { ...metadata } }),
    content.slice(start, end).trimEnd(),
  ]);
  expect(messages).toEqual([
    ["D2:1", "[1:56 pm on 8 May, 2023] Ada: Two lines. [10:30] Bob: this begins no message"],
    ["D2:2", "[1:56 pm on 8 May, 2023] Bob: Look! [shared a photo of a dog]"],
    ["D2:3", "[1:56 pm on 8 May, 2023] Ada: ```"],
    ["D2:4", "[1:56 pm on 8 May, 2023] Bob: Note: none either"],
  ]);
});

test.each([
  { name: "another document", idAtOrigin: "session_1", chunkMetadata: { message_index: 0 } },
  { name: "a message that is not there", idAtOrigin: "session_2", chunkMetadata: { message_index: 4 } },
  { name: "a chunk of no message", idAtOrigin: "session_2", chunkMetadata: {} },
])("a hit of $name stands for no turn", ({ idAtOrigin, chunkMetadata }) => {
  expect(collection.judgedIdOf({ idAtOrigin, chunkMetadata })).toBeUndefined();
});

describe("the questions", () => {
  test("keep their place in the file as id, and those without a judged turn or of category 5 are left out", () => {
    expect(collection.queries).toEqual([
      { id: "7-0", text: "one turn?", category: "1", grades: new Map([["D2:1", 1]]) },
      {
        id: "7-1",
        text: "several in one text?",
        category: "2",
        grades: new Map([
          ["D2:2", 1],
          ["D10:1", 1],
        ]),
      },
    ]);
  });
});

test("a date that cannot be read is refused", () => {
  const broken = { ...conversation, session_2_date_time: "8 May" };
  expect(() => locomoCollection("7", broken)).toThrow(/"8 May" is no date of a session/);
});
