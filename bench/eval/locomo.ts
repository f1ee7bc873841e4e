import { globSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { DocumentType } from "#gen/llmemory/v1/document_pb.js";
import type { JudgedCollection, JudgedQuery } from "./judged-collection.ts";

/**
 * Conversations of LoCoMo (snap-research/locomo), one collection each: `locomo-dev/*.json`, every file a conversation with its
 * sessions and `qa` as members of one object. Questions of category 5 are left out: they ask for what was never said.
 */
export async function loadLocomo(dataDirectory: string): Promise<JudgedCollection[]> {
  const folder = join(dataDirectory, "locomo-dev");
  const files = globSync("*.json", { cwd: folder }).toSorted();
  return Promise.all(
    files.map(async (file) => {
      const conversation: LocomoConversation = JSON.parse(await readFile(join(folder, file), "utf8"));
      return locomoCollection(basename(file, ".json"), conversation);
    }),
  );
}

/** `session_1` and so on are lists of turns, `session_1_date_time` is when that session was. */
export type LocomoConversation = Readonly<Record<string, unknown>> & { readonly qa: readonly LocomoQuestion[] };

interface LocomoQuestion {
  readonly question: string;
  readonly category: number;
  /** Texts with ids of turns such as `D8:6`, sometimes several in one; ids of turns that do not exist occur. */
  readonly evidence?: readonly unknown[];
}

interface LocomoTurn {
  readonly dia_id: string;
  readonly speaker: string;
  readonly text?: string;
  /** Describes a picture that was shared. */
  readonly blip_caption?: string;
}

interface LocomoSession {
  /** `session_1` */
  readonly key: string;
  /** `1:56 pm on 8 May, 2023`; empty if there is none. */
  readonly date: string;
  readonly turns: readonly LocomoTurn[];
}

const adversarialCategory = 5;

/** One chat document per session, of which each turn is a message; turns are what is judged. */
export function locomoCollection(name: string, conversation: LocomoConversation): JudgedCollection {
  const sessions = sessionsOf(conversation);
  const turnIds = new Map(sessions.map(({ key, turns }) => [key, turns.map((turn) => turn.dia_id)]));
  return {
    name: `locomo-${name}`,
    documents: sessions.map((session) => ({
      idAtOrigin: session.key,
      documentName: nameOf(session),
      documentType: DocumentType.CHAT,
      content: session.turns.map((turn) => messageLine(session, turn)).join("\n"),
      ...(session.date === "" ? {} : { documentDate: timestampFromDate(parseSessionDate(session.date)) }),
    })),
    queries: judgedQueries(name, conversation.qa, new Set([...turnIds.values()].flat())),
    // A long turn is several chunks of one message.
    judgedIdOf: ({ idAtOrigin, chunkMetadata }) => turnIds.get(idAtOrigin)?.[Number(chunkMetadata?.message_index)],
  };
}

function sessionsOf(conversation: LocomoConversation): LocomoSession[] {
  return Object.entries(conversation)
    .flatMap(([key, value]) => {
      const number = /^session_(\d+)$/.exec(key)?.[1];
      if (number === undefined || !Array.isArray(value)) return [];
      const turns = (value as readonly LocomoTurn[]).filter((turn) => "dia_id" in turn);
      return [{ number: Number(number), key, date: String(conversation[`${key}_date_time`] ?? ""), turns }];
    })
    .filter(({ turns }) => turns.length > 0)
    .sort((left, right) => left.number - right.number);
}

/** As a messenger names a conversation: by who takes part. */
function nameOf({ turns }: LocomoSession): string {
  return [...new Set(turns.map(({ speaker }) => speaker))].toSorted().join(" and ");
}

function messageLine({ date }: LocomoSession, turn: LocomoTurn): string {
  const picture = turn.blip_caption ? ` [shared ${turn.blip_caption}]` : "";
  // On one line: a line of its own could be read as a message, and every index after it would be wrong.
  const text = `${turn.text ?? ""}${picture}`.trim().replace(/\s*[\r\n]\s*/g, " ");
  return `${date === "" ? "" : `[${date}] `}${turn.speaker}: ${text}`;
}

function judgedQueries(name: string, questions: readonly LocomoQuestion[], turnIds: ReadonlySet<string>): JudgedQuery[] {
  return questions.flatMap(({ question, category, evidence }, index) => {
    const named = (evidence ?? []).flatMap((text) => [...String(text).matchAll(/D(\d+):?(\d+)/g)]);
    const relevant = named.map(([, session, turn]) => `D${Number(session)}:${Number(turn)}`).filter((id) => turnIds.has(id));
    if (relevant.length === 0 || category === adversarialCategory) return [];
    const grades = new Map(relevant.map((id) => [id, 1]));
    return [{ id: `${name}-${index}`, text: question, category: String(category), grades }];
  });
}

const months = "January February March April May June July August September October November December".split(" ");

/** The data has no time zone; UTC is taken. */
function parseSessionDate(text: string): Date {
  const [, hour, minute, half, day, month, year] = /^(\d+):(\d\d) ([ap]m) on (\d+) (\w+), (\d{4})$/.exec(text) ?? [];
  const monthIndex = months.indexOf(month ?? "");
  if (monthIndex === -1) throw new Error(`"${text}" is no date of a session such as "1:56 pm on 8 May, 2023"`);
  return new Date(
    Date.UTC(Number(year), monthIndex, Number(day), (Number(hour) % 12) + (half === "pm" ? 12 : 0), Number(minute)),
  );
}
