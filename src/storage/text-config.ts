/**
 * PostgreSQL's text search configurations by language, those that PostgreSQL 15 has already. Every other language, and text
 * whose language is not known, uses `simple`: words as they are, no stems, no stop words.
 */
const configByLanguage: ReadonlyMap<string, string> = new Map(
  Object.entries({
    ar: "arabic",
    ca: "catalan",
    da: "danish",
    de: "german",
    el: "greek",
    en: "english",
    es: "spanish",
    eu: "basque",
    fi: "finnish",
    fr: "french",
    ga: "irish",
    hi: "hindi",
    hu: "hungarian",
    hy: "armenian",
    id: "indonesian",
    it: "italian",
    lt: "lithuanian",
    nb: "norwegian",
    ne: "nepali",
    nl: "dutch",
    nn: "norwegian",
    no: "norwegian",
    pt: "portuguese",
    ro: "romanian",
    ru: "russian",
    sr: "serbian",
    sv: "swedish",
    ta: "tamil",
    tr: "turkish",
    yi: "yiddish",
  }),
);

/** The configuration for a BCP 47 language tag. */
export function textConfigFor(language: string): string {
  const primary = language.split("-", 1)[0]?.toLowerCase() ?? "";
  return configByLanguage.get(primary) ?? "simple";
}
