/** A chat as messages, one section each. */
import { linesOf, type Section, type SectionStart, sectionsFromStarts } from "./section.ts";

/** How a message begins. */
export interface MessageHead {
  readonly speaker: string;
  readonly timestamp: string | undefined;
}

// llmemory 0.5.0's parents of five messages, which it makes only of longer conversations.
const messagesPerGroup = 5;
const ungroupedMessagesMax = 10;

const speakerCharsMax = 60;
// A name has three words, or up to six if none of them is in lower case: "I have one question: …" is no speaker.
const speakerWordsMax = 3;
const capitalisedSpeakerWordsMax = 6;

// In brackets, at most 40 characters, with digits that a date or time separates, or a Unix time: "[1] Smith: …" is a footnote.
const timestampPattern = /^\[([^\][\n]{1,40})\][ \t]*/u;
const timePattern = /\d[:./-]\d|\d{9}|\dT\d/u;
const speakerPattern = /^(\p{L}[\p{L}\p{M}\p{N} .'’_@()-]*):(?:[ \t]|$)/u;
// A timestamp leaves no doubt that a message begins, so then the name may be anything: "@anna", "+49 151 234", "🤖".
const speakerAfterTimestampPattern = /^([^:\n[\]]+):(?:[ \t]|$)/u;
const fencePattern = /^\s*(?:```|~~~)/u;

/**
 * One section per message, with `speaker`, `timestamp` (if given) and `message_index` (from 0) as metadata. Lines that begin no message
 * continue the one before; text before the first message has no metadata. In a fenced block, such as YAML that an agent prints, only a
 * timestamp begins a message.
 */
export function chatSections(text: string): Section[] {
  const starts: SectionStart[] = [];
  const heads = findMessages(text);
  const isGrouped = heads.length > ungroupedMessagesMax;
  for (const [index, { start, speaker, timestamp }] of heads.entries()) {
    const metadata = { speaker, ...(timestamp === undefined ? {} : { timestamp }), message_index: index };
    starts.push({ start, metadata, group: isGrouped ? Math.floor(index / messagesPerGroup) : index });
  }
  return sectionsFromStarts(text, starts, { metadata: {}, group: -1 });
}

/**
 * How a line of a chat is read: `[timestamp] Speaker: text`, the timestamp optional, the text too. Without a timestamp the speaker is a
 * name at the start of the line: a letter, then letters, digits, spaces and `.'_@()-`, at most 60 characters and few words, before a
 * colon that a space or the end of the line follows, so that `https://` and `12:30` are none. `Note: …` is read as a speaker: nothing
 * tells it from one.
 */
export function parseMessageHead(line: string): MessageHead | undefined {
  const bracket = timestampPattern.exec(line);
  const timestamp = bracket?.[1]?.trim();
  if (bracket !== null && timestamp !== undefined && timePattern.test(timestamp)) {
    const speaker = speakerAfterTimestampPattern.exec(line.slice(bracket[0].length))?.[1]?.trim();
    return speaker === undefined || speaker === "" || charsOf(speaker) > speakerCharsMax ? undefined : { speaker, timestamp };
  }
  const speaker = speakerPattern.exec(line)?.[1]?.trim();
  return speaker === undefined || !isName(speaker) ? undefined : { speaker, timestamp: undefined };
}

function findMessages(text: string): (MessageHead & { start: number })[] {
  const messages: (MessageHead & { start: number })[] = [];
  // Messages read inside a fence that is still open; they count if it turns out never to be closed.
  let doubtful: (MessageHead & { start: number })[] = [];
  let isFenced = false;
  for (const { start, head } of linesOf(text)) {
    if (fencePattern.test(head)) {
      isFenced = !isFenced;
      doubtful = [];
      continue;
    }
    const message = parseMessageHead(head);
    if (message === undefined) continue;
    if (isFenced && message.timestamp === undefined) {
      doubtful.push({ ...message, start });
      continue;
    }
    if (isFenced) for (const earlier of doubtful) messages.push(earlier);
    isFenced = false;
    doubtful = [];
    messages.push({ ...message, start });
  }
  for (const message of doubtful) messages.push(message);
  return messages;
}

function isName(speaker: string): boolean {
  const words = speaker.split(/\s+/u);
  const isCapitalised = words.every((word) => !/^\p{Ll}/u.test(word));
  return words.length <= (isCapitalised ? capitalisedSpeakerWordsMax : speakerWordsMax) && charsOf(speaker) <= speakerCharsMax;
}

function charsOf(text: string): number {
  return [...text].length;
}
