import { formerVariables } from "./former-variables.ts";
import { unprefixed, variablesOf } from "./setting-variables.ts";
import { settingDefinitions } from "./settings.ts";

/** Variables that are no settings: those of the command line. */
const otherVariables = [
  "LLMEMORY_CONFIG_FILE",
  "LLMEMORY_OWNER",
  "LLMEMORY_TLS_CA_FILE",
  "LLMEMORY_TLS_SERVER_NAME",
  "LLMEMORY_TLS_CLIENT_CERT_FILE",
  "LLMEMORY_TLS_CLIENT_KEY_FILE",
];

/**
 * What Kubernetes puts into the environment for each Service in the namespace, here for those whose names begin as our variables do:
 * LLMEMORY_SERVICE_HOST, LLMEMORY_SERVICE_PORT_GRPC, LLMEMORY_PORT=tcp://…, LLMEMORY_PORT_50051_TCP_ADDR, LLMEMORY_WORKER_PORT=tcp://….
 */
const linkVariable = /_(SERVICE_(HOST|PORT(_[A-Z0-9_]+)?)|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)$/;
const linkAddress = /^(tcp|udp|sctp):\/\//;

/** Edits beyond which a name is another one, not a slip. */
const editsMax = 3;

/**
 * Says of every variable with a prefix of ours that nothing reads it, and which name may have been meant. Values are not shown, since a
 * misspelt variable may hold a key.
 *
 * @returns sentences, in the order of the names.
 */
export function unknownVariables(environment: Readonly<Record<string, string | undefined>>): readonly string[] {
  const known = new Set([
    ...Object.values(settingDefinitions).flatMap(variablesOf),
    ...otherVariables.flatMap((variable) => variablesOf({ variables: [variable] })),
  ]);
  const names = [...known].flatMap((variable) => unprefixed(variable) ?? []);
  return Object.keys(environment)
    .toSorted()
    .flatMap((variable) => {
      const name = unprefixed(variable);
      const value = environment[variable] ?? "";
      if (name === undefined || value === "" || known.has(variable)) return [];
      const former = formerVariables[name];
      if (former) return "advice" in former ? [`${variable} has no effect: ${former.advice}`] : [];
      if (linkVariable.test(`_${name}`) || (/(^|_)PORT$/.test(name) && linkAddress.test(value))) return [];
      const meant = nearestName(name, names);
      return [`${variable} is no setting${meant === undefined ? "" : `; did you mean LLMEMORY_${meant}?`}`];
    });
}

/** The name with the fewest edits to it; undefined: none is near. */
export function nearestName(name: string, names: readonly string[]): string | undefined {
  let nearest: string | undefined;
  let fewest = Math.min(editsMax, Math.floor(name.length / 3)) + 1;
  for (const candidate of names) {
    const edits = editDistance(name, candidate);
    if (edits < fewest) [nearest, fewest] = [candidate, edits];
  }
  return nearest;
}

/** Levenshtein's distance: the letters to add, drop or change that make one text of the other. */
function editDistance(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [row, letter] of [...a].entries()) {
    const current = [row + 1];
    for (const [column, other] of [...b].entries()) {
      const change = (above[column] ?? 0) + (letter === other ? 0 : 1);
      current.push(Math.min(change, (above[column + 1] ?? 0) + 1, (current[column] ?? 0) + 1));
    }
    above = current;
  }
  return above[b.length] ?? 0;
}
