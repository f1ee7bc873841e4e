import { Client, type ClientConfig, escapeIdentifier } from "pg";
import { limits } from "../domain/limits.ts";
import { untilAborted } from "../domain/until-aborted.ts";
import type { NoticeListener } from "./database.ts";
import { translateDatabaseError } from "./database-errors.ts";

/** `Database.listen` for a server: notices come to the connection that has asked for them, as long as it lasts. */
export async function listenForNotices(
  connection: ClientConfig,
  channel: string,
  listener: NoticeListener,
  signal: AbortSignal,
): Promise<void> {
  const client = new Client({
    ...connection,
    connectionTimeoutMillis: limits.databaseConnectTimeoutMs,
    // Nothing is ever sent on it, so otherwise a server that is gone, or a router that has forgotten the connection, would not be noticed.
    keepAlive: true,
    keepAliveInitialDelayMillis: limits.noticeKeepAliveMs,
    application_name: "llmemory",
  });
  const broken = Promise.withResolvers<never>();
  broken.promise.catch(() => undefined);
  client.on("error", broken.reject);
  client.on("end", () => broken.reject(new Error("the connection has ended")));
  client.on("notification", ({ payload }) => listener.onNotice(payload ?? ""));
  const listen = async () => {
    await client.connect();
    await client.query(`listen ${escapeIdentifier(channel)}`);
    listener.onListening();
    await broken.promise;
  };
  try {
    await untilAborted(listen(), signal);
  } catch (error) {
    if (!signal.aborted) throw translateDatabaseError(error, signal);
  } finally {
    await client.end();
  }
}
