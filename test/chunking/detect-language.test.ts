import { describe, expect, it } from "vitest";
import { detectLanguage } from "../../src/chunking/detect-language.ts";

describe("the language of a text", () => {
  it.each([
    ["en", "I will send you the report tomorrow morning."],
    ["de", "Der Benutzer bevorzugt kurze Antworten."],
    ["fr", "La réunion est à midi."],
    ["es", "El usuario prefiere respuestas cortas."],
    ["ru", "Я отправлю вам отчёт завтра утром."],
    ["zh", "我明天早上把报告发给你。"],
    ["ja", "明日の朝、報告書を送ります。"],
    ["ar", "سأرسل لك التقرير صباح الغد."],
    ["en", "See https://example.com/a/b?c=d and write to anna@example.com about the broken bridge, please."],
  ])("is %s for %j", (language, text) => {
    expect(detectLanguage(text, "text")).toBe(language);
  });

  it.each(["", "  \n", "12345 67890", "😀😀", "Hello", "a", "https://example.com/x"])("is undetermined for %j", (text) => {
    expect(detectLanguage(text, "text")).toBe("und");
  });

  it("is that of most of a long text, whatever its beginning", () => {
    const licence = "Permission is hereby granted, free of charge, to any person obtaining a copy of this software. ";
    const body = "Der Fluss führt klares Wasser an der alten Mühle vorbei bis zur Brücke. ";
    expect(detectLanguage(licence + body.repeat(200), "text")).toBe("de");
  });

  it("is undetermined if no language prevails", () => {
    const german = "Der Fluss führt klares Wasser an der alten Mühle vorbei. ".repeat(20);
    const french = "La rivière porte une eau claire devant le vieux moulin. ".repeat(20);
    const russian = "Река несёт чистую воду мимо старой мельницы и моста. ".repeat(20);
    expect(detectLanguage(german + french + russian, "text")).toBe("und");
  });

  it("is undetermined for source code, so that identifiers are not stemmed", () => {
    expect(detectLanguage("// Returns the running average of all the measurements.\nfunction f() {}", "code")).toBe("und");
  });
});
