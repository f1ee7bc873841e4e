/**
 * Parses a path into metadata: names joined by dots, in which `\.` is a dot and `\\` a backslash.
 *
 * @returns the names, or undefined if one of them is empty or a backslash stands before anything else.
 */
export function parseMetadataPath(path: string): string[] | undefined {
  const names: string[] = [];
  let name = "";
  for (let index = 0; index < path.length; index++) {
    const character = path.charAt(index);
    if (character === "\\") {
      const escaped = path.charAt(++index);
      if (escaped !== "." && escaped !== "\\") return undefined;
      name += escaped;
    } else if (character === ".") {
      if (name === "") return undefined;
      names.push(name);
      name = "";
    } else {
      name += character;
    }
  }
  if (name === "") return undefined;
  return [...names, name];
}
