const nodeMajorMin = 24;

/**
 * Says why llmemory cannot run on this version of Node; undefined: it can.
 *
 * @param version as in `process.versions.node`.
 */
export function nodeVersionProblem(version: string): string | undefined {
  const major = Number.parseInt(version, 10);
  if (major >= nodeMajorMin) return undefined;
  return [
    `llmemory needs Node ${nodeMajorMin} or later; this is Node ${version}.`,
    `It brings Node ${nodeMajorMin} along as the npm package "node", which npm scripts such as "npm start" use; "npm ci" places it,`,
    `unless it was told --ignore-scripts. Run "npm ci" again without that option, or install Node ${nodeMajorMin} (https://nodejs.org).`,
  ].join("\n");
}
