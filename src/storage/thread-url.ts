/** The URL of a thread's main file beside the caller's: `.ts` in the sources, `.js` once built. */
export function threadUrl(name: string, callerUrl: string): URL {
  return new URL(`./${name}${callerUrl.endsWith(".ts") ? ".ts" : ".js"}`, callerUrl);
}
