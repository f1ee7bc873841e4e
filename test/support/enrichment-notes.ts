import { answerWith, type ChatBehaviour } from "./chat-server.ts";

/**
 * A chat model that writes of every passage it is asked about.
 *
 * @param given what it writes of each, instead of quoting the passage.
 */
export function writeNotes(given: { readonly context?: string; readonly summary?: string } = {}): ChatBehaviour {
  return answerWith((input: { passages: readonly { passage: number; text: string }[] }) => ({
    passages: input.passages.map(({ passage, text }) => ({
      passage,
      context: given.context ?? `where "${text.slice(0, 40)}" belongs`,
      summary: given.summary ?? `what "${text.slice(0, 40)}" says`,
    })),
  }));
}
