import type { Settings } from "../config/settings.ts";
import { type ChatModel, openChatModel } from "../endpoint/chat-model.ts";
import { readApiKey } from "../endpoint/read-api-key.ts";
import { type CrossEncoder, openCrossEncoder } from "../search/cross-encoder.ts";
import type { SearchModels } from "../search/search-models.ts";

export type SearchModelSettings = Pick<
  Settings,
  "chatBaseUrl" | "chatModel" | "chatApiKey" | "chatApiKeyFile" | "chatTimeoutMs" | "crossEncoderDirectory"
>;

/**
 * Opens the models that searches may ask beside the embedder, where the settings name them. Only `serve` needs them.
 *
 * @throws StartupError for an API key file that cannot be read, or a directory without a usable cross-encoder.
 */
export async function openSearchModels(
  settings: SearchModelSettings,
): Promise<{ readonly searchModels: SearchModels; close(): Promise<void> }> {
  const chat = await openConfiguredChatModel(settings);
  const crossEncoder = await openConfiguredCrossEncoder(settings);
  const close = async () => {
    chat?.close();
    await crossEncoder?.close();
  };
  return { searchModels: { chat, crossEncoder }, close };
}

async function openConfiguredChatModel(settings: SearchModelSettings): Promise<ChatModel | undefined> {
  const { chatBaseUrl, chatModel, chatTimeoutMs } = settings;
  if (chatBaseUrl === undefined || chatModel === undefined) return undefined;
  return await openChatModel({
    baseUrl: chatBaseUrl,
    model: chatModel,
    apiKey: await readApiKey({
      apiKey: settings.chatApiKey,
      apiKeyFile: settings.chatApiKeyFile,
      fileVariable: "LLMEMORY_CHAT_API_KEY_FILE",
    }),
    timeoutMs: chatTimeoutMs,
  });
}

async function openConfiguredCrossEncoder({ crossEncoderDirectory }: SearchModelSettings): Promise<CrossEncoder | undefined> {
  return crossEncoderDirectory === undefined ? undefined : await openCrossEncoder(crossEncoderDirectory);
}
