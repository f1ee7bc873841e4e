import { isLoopbackHost } from "./listen-address.ts";
import type { Settings } from "./settings.ts";

/** What is wrong with settings that can each be read: they do not go together, or open the service to strangers. */
export function settingProblems(settings: Partial<Settings>): readonly string[] {
  return [
    ...addressProblems(settings),
    ...tlsProblems(settings),
    ...chatProblems(settings),
    ...crossEncoderProblems(settings),
    ...embeddingProblems(settings),
    ...alertProblems(settings),
  ];
}

function addressProblems(settings: Partial<Settings>): readonly string[] {
  const { grpcAddress, httpAddress, workerHttpAddress, tlsCertFile, tlsClientCaFile, insecure } = settings;
  const unprotected = "nothing encrypts or authenticates it";
  const addresses = [
    [
      "LLMEMORY_GRPC_ADDRESS",
      // Only clients with a certificate reach it then, and that is what authenticates them.
      tlsClientCaFile === undefined ? grpcAddress : undefined,
      tlsCertFile === undefined ? unprotected : "nothing authenticates who connects (LLMEMORY_TLS_CLIENT_CA_FILE would)",
    ],
    ["LLMEMORY_HTTP_ADDRESS", httpAddress, unprotected],
    ["LLMEMORY_WORKER_HTTP_ADDRESS", workerHttpAddress, unprotected],
  ] as const;
  return addresses.flatMap(([variable, address, why]) =>
    address === undefined || insecure || isLoopbackHost(address.host)
      ? []
      : [
          `${variable} is ${address.host}:${address.port}, which other machines can reach, and ${why}; ` +
            "listen on 127.0.0.1, or pass --insecure (LLMEMORY_INSECURE=true) if the network itself is protected",
        ],
  );
}

/** A certificate is of no use without its key, and neither are the others without it. */
function tlsProblems({ tlsCertFile, tlsKeyFile, tlsClientCaFile }: Partial<Settings>): readonly string[] {
  const files = [
    ["LLMEMORY_TLS_CERT_FILE", tlsCertFile],
    ["LLMEMORY_TLS_KEY_FILE", tlsKeyFile],
  ] as const;
  const given = [...files, ["LLMEMORY_TLS_CLIENT_CA_FILE", tlsClientCaFile] as const].find(([, file]) => file !== undefined);
  if (!given) return [];
  return files.flatMap(([variable, file]) => (file === undefined ? [`${given[0]} needs ${variable}`] : []));
}

/** What is left to a chat model needs one, which needs an address and a name, and one API key at most. */
function chatProblems(settings: Partial<Settings>): readonly string[] {
  const { chatBaseUrl, chatModel, chatApiKey, chatApiKeyFile } = settings;
  const uses = [
    ["LLMEMORY_CONTEXT_PREFIX", settings.contextPrefix],
    ["LLMEMORY_CHUNK_SUMMARIES", settings.chunkSummaries],
    ["LLMEMORY_QUERY_EXPANSION", settings.queryExpansion],
    ["LLMEMORY_RERANK", settings.rerank],
  ] as const;
  return [
    ...uses.flatMap(([variable, value]) =>
      value === "model" && chatModel === undefined
        ? [`${variable} is model, which needs LLMEMORY_CHAT_BASE_URL and LLMEMORY_CHAT_MODEL`]
        : [],
    ),
    ...(chatModel !== undefined && chatBaseUrl === undefined ? ["LLMEMORY_CHAT_MODEL needs LLMEMORY_CHAT_BASE_URL"] : []),
    ...(chatBaseUrl !== undefined && chatModel === undefined ? ["LLMEMORY_CHAT_BASE_URL needs LLMEMORY_CHAT_MODEL"] : []),
    ...(chatApiKey !== undefined && chatApiKeyFile !== undefined
      ? ["LLMEMORY_CHAT_API_KEY and LLMEMORY_CHAT_API_KEY_FILE are both set; set one of them"]
      : []),
  ];
}

/** A cross-encoder comes from files. */
function crossEncoderProblems({ rerank, crossEncoderDirectory }: Partial<Settings>): readonly string[] {
  return rerank === "cross_encoder" && crossEncoderDirectory === undefined
    ? ["LLMEMORY_RERANK is cross_encoder, which needs LLMEMORY_CROSS_ENCODER_DIR"]
    : [];
}

/** The openai provider needs to know its model, and one API key at most. */
function embeddingProblems(settings: Partial<Settings>): readonly string[] {
  const { embeddingProvider, embeddingModel, embeddingApiKey, embeddingApiKeyFile } = settings;
  return [
    ...(embeddingProvider === "openai" && embeddingModel === undefined
      ? ["LLMEMORY_EMBEDDING_PROVIDER=openai needs LLMEMORY_EMBEDDING_MODEL, such as text-embedding-3-small"]
      : []),
    ...(embeddingApiKey !== undefined && embeddingApiKeyFile !== undefined
      ? ["LLMEMORY_EMBEDDING_API_KEY and LLMEMORY_EMBEDDING_API_KEY_FILE are both set; set one of them"]
      : []),
  ];
}

/** A secret comes from one place. */
function alertProblems(settings: Partial<Settings>): readonly string[] {
  const { alertPagerDutyRoutingKey, alertPagerDutyRoutingKeyFile, alertWebhookUrl, alertWebhookUrlFile } = settings;
  const sources = [
    ["LLMEMORY_ALERT_PAGERDUTY_ROUTING_KEY", alertPagerDutyRoutingKey, alertPagerDutyRoutingKeyFile],
    ["LLMEMORY_ALERT_WEBHOOK_URL", alertWebhookUrl, alertWebhookUrlFile],
  ] as const;
  return sources.flatMap(([variable, value, file]) =>
    value !== undefined && file !== undefined ? [`${variable} and ${variable}_FILE are both set; set one of them`] : [],
  );
}
