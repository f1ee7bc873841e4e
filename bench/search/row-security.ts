import { explainSearch } from "../../src/search/explain-search.ts";
import type { SearchQuery } from "../../src/search/search-query.ts";
import { quantile } from "../machine.ts";
import { type CorpusServer, type OpenCorpus, openCorpus } from "./corpus-database.ts";
import { interleave, milliseconds, type Samples } from "./interleave.ts";
import { filters, writeCommonQueries, writeQueries } from "./queries.ts";
import type { Report } from "./report.ts";
import {
  createForms,
  createRoles,
  declareLeakproof,
  forms,
  leakproof,
  ownedTables,
  ownerSetting,
  policyRole,
  type SecurityForm,
  unrestricted,
  viewRole,
} from "./row-security-forms.ts";
import { newQuery, TimedSearch } from "./timed-search.ts";

const queries = writeQueries(60, 17);
const common = writeCommonQueries(60);

/** A kind of search, as it reaches other statements. */
interface Shape {
  readonly name: string;
  readonly ownerId: string;
  readonly asked: Partial<SearchQuery>;
  readonly texts?: readonly string[];
}

const shapes: readonly Shape[] = [
  { name: "60,000 chunks, hybrid", ownerId: "p60", asked: {} },
  { name: "60,000 chunks, three common words", ownerId: "p60", asked: {}, texts: common },
  { name: "60,000 chunks, vector", ownerId: "p60", asked: { searchType: "vector" } },
  { name: "60,000 chunks, text", ownerId: "p60", asked: { searchType: "text" } },
  { name: "60,000 chunks, hybrid, an excluded word", ownerId: "p60", asked: {}, texts: queries.map((text) => `${text} -gax`) },
  { name: "60,000 chunks, hybrid, metadata filter 50 %", ownerId: "p60", asked: { filter: filters["50"] } },
  { name: "60,000 chunks, hybrid, metadata filter 5 %", ownerId: "p60", asked: { filter: filters["5"] } },
  { name: "60,000 chunks, hybrid, metadata filter 0.5 %", ownerId: "p60", asked: { filter: filters["0.5"] } },
  { name: "60,000 chunks, vector, metadata filter 50 %", ownerId: "p60", asked: { searchType: "vector", filter: filters["50"] } },
  { name: "60,000 chunks, hybrid, language", ownerId: "p60", asked: { filter: { languages: ["de"] } } },
  { name: "60,000 chunks, hybrid, type", ownerId: "p60", asked: { filter: { documentTypes: ["email"] } } },
  { name: "60,000 chunks, hybrid, ids", ownerId: "p60", asked: { filter: { idsAtOrigin: ["17", "4711"] } } },
  { name: "60,000 chunks, hybrid, with context", ownerId: "p60", asked: { contextWindow: 2 } },
  { name: "9,000 chunks, hybrid", ownerId: "p9", asked: {} },
  { name: "9,000 chunks, vector", ownerId: "p9", asked: { searchType: "vector" } },
  { name: "2,000 chunks, hybrid", ownerId: "p2", asked: {} },
  { name: "200 chunks, hybrid", ownerId: "p02", asked: {} },
  { name: "200 chunks, hybrid, metadata filter 5 %", ownerId: "p02", asked: { filter: filters["5"] } },
  { name: "200 chunks, vector", ownerId: "p02", asked: { searchType: "vector" } },
];

/** Runs every shape of search under row-level security and other ways to the same end, and compares plans and times. */
export async function measureRowSecurity(server: CorpusServer, report: Report): Promise<void> {
  // The copy of an interrupted run goes first: it holds rights of the roles.
  const copy = await server.copy("rls");
  await server.administer(...createRoles());
  const session = new Session(server, copy.name);
  try {
    const { database, table } = await session.open(unrestricted, "p60");
    await createForms(database, table);
    await database.query("vacuum", "vacuum analyze");
    report.text(["Forms:", ...[...forms, leakproof].map(({ name, description }) => `- **${name}**: ${description}`)].join("\n"));
    await checkIsolation(session, report);
    await compare(session, forms, report);
    await declareLeakproof(database);
    await compare(session, [unrestricted, leakproof], report);
  } finally {
    await session.close();
    await copy.drop();
    await server.administer(`drop role if exists ${policyRole}`, `drop role if exists ${viewRole}`);
  }
}

/** The copy, opened once per form and owner. */
class Session {
  readonly #server: CorpusServer;
  readonly #name: string;
  readonly #open = new Map<string, Promise<OpenCorpus>>();

  constructor(server: CorpusServer, name: string) {
    this.#server = server;
    this.#name = name;
  }

  open({ name, role, schemaName }: SecurityForm, ownerId: string): Promise<OpenCorpus> {
    const key = `${name} ${ownerId}`;
    const known = this.#open.get(key);
    if (known) return known;
    const startup = `-c ${ownerSetting}=${ownerId}`;
    const url = this.#server.urlOf(this.#name, role === undefined ? { startup } : { startup, user: role });
    const opening = openCorpus(url, { schemaName, isPrepared: true });
    this.#open.set(key, opening);
    return opening;
  }

  async close(): Promise<void> {
    for (const corpus of this.#open.values()) await (await corpus).close();
  }
}

async function checkIsolation(session: Session, report: Report): Promise<void> {
  const { table } = await session.open(unrestricted, "p60");
  for (const form of forms) {
    const { database } = await session.open(form, "p60");
    const seen: string[] = [];
    for (const name of ownedTables(table)) {
      const { rows } = await database.query<{ own: string; others: string }>(
        "count_seen",
        `select count(*) filter (where owner_id = 'p60') as own, count(*) filter (where owner_id <> 'p60') as others from ${name}`,
      );
      if (Number(rows[0]?.own) > 0 || Number(rows[0]?.others) > 0) seen.push(`${name} ${rows[0]?.own} + ${rows[0]?.others}`);
    }
    const direct =
      form.role === viewRole
        ? await database.query("count_directly", "select 1 from llmemory.documents").then(() => "readable", String)
        : "";
    report.figure(
      `rows seen with form ${form.name}: own + others'`,
      [seen.join(", "), direct && `base table: ${direct}`].filter(Boolean).join("; "),
    );
  }
}

async function compare(session: Session, compared: readonly SecurityForm[], report: Report): Promise<void> {
  const contenders = [];
  for (const shape of shapes) {
    for (const form of compared) {
      const search = new TimedSearch(await session.open(form, shape.ownerId));
      contenders.push({
        name: `${form.name} ${shape.name}`,
        run: async (index: number) => ({ ...(await search.time(queryOf(shape, index))) }),
      });
    }
  }
  const samples = await interleave(contenders, { rounds: 1, perRound: 12, warmUp: 2 });
  for (const shape of shapes) {
    const base = median(samples, unrestricted, shape);
    const times = compared.map(
      (form) =>
        `${form.name} ${milliseconds(median(samples, form, shape))} (× ${(median(samples, form, shape) / base).toFixed(1)})`,
    );
    report.figure(shape.name, times.join(", "));
  }
  report.text(
    "Times are medians of 12 searches in process, all forms in turn. Where a statement's plan differs from that without policies:",
  );
  const differences: Difference[] = [];
  for (const shape of shapes) differences.push(...(await findDifferences(session, compared, shape)));
  report.text(differences.map(({ line }) => line).join("\n"));
  for (const form of compared.filter((each) => each !== unrestricted)) {
    const changed = new Set(differences.filter((difference) => difference.form === form).map(({ shape }) => shape));
    const factors = shapes.map((shape) => median(samples, form, shape) / median(samples, unrestricted, shape));
    const plans = changed.size === 0 ? "keeps every plan" : `changes the plans of ${changed.size} of ${shapes.length} shapes`;
    report.text(`**${form.name}** ${plans}; the slowest shape takes ${Math.max(...factors).toFixed(1)} times as long.`);
  }
}

interface Difference {
  readonly form: SecurityForm;
  readonly shape: Shape;
  readonly line: string;
}

async function findDifferences(session: Session, compared: readonly SecurityForm[], shape: Shape): Promise<Difference[]> {
  const differences: Difference[] = [];
  const usual = new Map<string, ReadonlySet<string>>();
  for (const form of compared) {
    const { deps } = new TimedSearch(await session.open(form, shape.ownerId));
    const { statements } = await explainSearch(deps, queryOf(shape, 5), new AbortController().signal);
    for (const [position, { name, plan, durationMs }] of statements.entries()) {
      const scans = scansOf(plan);
      const key = `${position} ${name}`;
      if (form === unrestricted) usual.set(key, scans);
      const before = usual.get(key) ?? new Set();
      const lost = [...before].filter((scan) => !scans.has(scan)).join(", ") || "nothing";
      const instead = [...scans].filter((scan) => !before.has(scan)).join(", ") || "nothing new";
      if (lost === "nothing" && instead === "nothing new") continue;
      const line = `- ${shape.name}, \`${name}\`, ${form.name} (${milliseconds(durationMs)}): loses ${lost}; takes ${instead}`;
      differences.push({ form, shape, line });
    }
  }
  return differences;
}

/** The scans of a plan without costs, partitions and repetitions. */
function scansOf(plan: string): Set<string> {
  const scans = [
    ...plan.matchAll(/((?:Index Only|Index|Bitmap Index|Seq|Bitmap Heap) Scan)(?: Backward)?(?: using (\S+)| on (\S+))/g),
  ]
    .filter(([, kind]) => kind !== "Bitmap Heap Scan")
    .map(([, kind, using, on]) => `${kind} ${(using ?? on ?? "").replaceAll(/_\d(_|$)/g, "_#$1")}`);
  return new Set(scans);
}

function queryOf({ ownerId, asked, texts = queries }: Shape, index: number): SearchQuery {
  return newQuery({ ...asked, ownerId, queryText: texts[index % texts.length] ?? "" });
}

function median(samples: Samples, form: SecurityForm, shape: Shape): number {
  return quantile(samples.all(`${form.name} ${shape.name}.wholeMs`), 0.5);
}
