/** How the process ends, for programs that call llmemory. */
export const exitCodes = {
  ok: 0,
  /** Anything that has no code of its own. */
  failed: 1,
  /** An unknown command or option, a value that cannot be used (the service may say so, too), or settings that cannot. */
  usage: 2,
  /** The service was not reached, did not answer in time, or said that it is unavailable for now. */
  unavailable: 3,
  /** A document that was asked for does not exist. */
  notFound: 4,
  /** Some documents were not stored or not deleted; the others were. */
  someFailed: 5,
  /** Ctrl-C or SIGTERM; 128 + SIGINT, as shells have it. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** The paragraph of `llmemory --help` about them. */
export const exitCodesHelp = `Exit codes:
  0    done (a search without hits is done, too)
  1    failed; for health: something is not serving
  2    wrong usage, values or settings
  3    the service was not reached, did not answer in time or is unavailable
  4    a document was not found
  5    some documents failed; the others are done
  130  interrupted`;
