import { describe, expect, it } from "vitest";
import { indexText, needsIndexText } from "../../src/storage/index-text.ts";
import { testDatabases } from "../support/databases.ts";
import { contentsWithPhrase, contentsWithWords } from "../support/leaf-rows.ts";
import { store } from "../support/prepared-documents.ts";
import { newOwner, useStorage } from "../support/test-storage.ts";

/** Sentences in scripts without spaces, or with endings on every word. */
const sentences = {
  chinese: "我昨天在图书馆借了一本关于机器学习的书。",
  traditional: "臺灣的夜市有很多好吃的東西。",
  japanese: "東京タワーの近くでラーメンを食べました。",
  halfWidth: "ﾊﾞｽでｶﾒﾗを買った。",
  korean: "저는 학교에서 한국어를 배웁니다.",
  thai: "ฉันชอบกินข้าวผัดที่ตลาดน้ำ",
  lao: "ຂ້ອຍມັກກິນເຂົ້າໜຽວ",
  khmer: "ខ្ញុំចូលចិត្តបាយសាច់ជ្រូក",
  burmese: "ကျွန်တော်မုန့်ဟင်းခါးစားတယ်",
  rare: "𠮷野家で𩸽を食べた。",
} as const;

describe("the index text of a script without spaces", () => {
  it.each<{ text: string; document: string; query: string }>([
    { text: "日本語", document: "日本 本語 日 本 語", query: "日本 本語" },
    { text: "日", document: "日", query: "日" },
    { text: "ラーメン", document: "ラー ーメ メン ラ ー メ ン", query: "ラー ーメ メン" },
    { text: "한국어를", document: "한국 국어 어를 한 국 어 를", query: "한국 국어 어를" },
    { text: "𠮷野家", document: "𠮷野 野家 𠮷 野 家", query: "𠮷野 野家" },
  ])("is pairs of letters for $text, and its single letters for a stored text", ({ text, document, query }) => {
    expect(wordsOf(indexText(text, "document"))).toEqual(document.split(" "));
    expect(wordsOf(indexText(text, "query"))).toEqual(query.split(" "));
  });

  it("leaves other words where they are, and puts single letters after all of them", () => {
    expect(wordsOf(indexText("see 東京tower and 大阪, then 京", "document"))).toEqual(
      "see 東京 tower and 大阪 , then 京 東 京 大 阪".split(" "),
    );
    expect(wordsOf(indexText("see 東京tower and 大阪, then 京", "query"))).toEqual(
      "see 東京 tower and 大阪 , then 京".split(" "),
    );
  });

  it.each([
    { text: "ｱﾊﾟｰﾄ", folded: "アパート" },
    { text: "㍿", folded: "株式会社" },
    { text: "㌔", folded: "キロ" },
    { text: "한국", folded: "한국" },
  ])("is made of the compatibility form $folded of $text", ({ text, folded }) => {
    expect(indexText(text, "document")).toBe(indexText(folded, "document"));
    expect(needsIndexText(text)).toBe(true);
  });
});

describe("the index text of a script with spaces", () => {
  it.each<{ text: string; words: string }>([
    { text: "ﬁnd Ｒｉｖｅｒ ①", words: "find river 1" },
    { text: "Ελληνικά И РУССКИЙ", words: "ελληνικά и русский" },
    { text: "İstanbul’da ÇAY", words: "istanbul da çay" },
    { text: "مرحبا بالعالم", words: "مرحبا بالعالم" },
    { text: "हिन्दी में", words: "हिन्दी में" },
    { text: "“Quoted”—and «so on»", words: "quoted and so on" },
    { text: "party🎈tonight 👩‍👩‍👧 ❤️", words: "party tonight" },
    { text: "\u202bשלום\u202c\u200f עולם\ufeff", words: "שלום עולם" },
    { text: "co\u00adoperate", words: "cooperate" },
    { text: "می\u200cخواهم", words: "می خواهم" },
    { text: "zero\u200bwidth", words: "zero width" },
    { text: "cafe\u0301", words: "café" },
    { text: "x² at 20°C", words: "x2 at 20 c" },
    { text: "葛\u{e0100}城", words: "葛城" },
  ])("is words without what stands between them: $text", ({ text, words }) => {
    expect(wordsOf(indexText(text, "query"))).toEqual(words.split(" "));
    expect(needsIndexText(text)).toBe(true);
  });

  it.each(["", "plain words", "A. B@c.org & <d> 'e' \"f\" | !\t\n"])("is the text itself if it is ASCII: %j", (text) => {
    expect([indexText(text, "document"), indexText(text, "query"), needsIndexText(text)]).toEqual([text, text, false]);
  });
});

describe.each(testDatabases())("texts on $name", (kind) => {
  const storage = useStorage(kind);

  it.each(Object.entries(sentences))("are found by any two neighbouring letters, and by each letter (%s)", async (_, text) => {
    const ownerId = newOwner();
    await store(storage().database, [{ ownerId, leaves: [text, "no such letters"], textConfig: "simple" }]);
    for (const part of partsOf(text)) expect(await contentsWithWords(storage(), ownerId, part), part).toEqual([text]);
  });

  it.each(["english", "japanese is no configuration, simple is"])(
    "are found whatever else the text holds (%s)",
    async (which) => {
      const ownerId = newOwner();
      const textConfig = which === "english" ? "english" : "simple";
      const mixed = "Yesterday we visited 東京タワー with three friends";
      await store(storage().database, [{ ownerId, leaves: [mixed, "Yesterday we stayed"], textConfig }]);
      for (const part of ["東京", "京タ", "タワー", "塔 visited", "東"])
        expect(await contentsWithWords(storage(), ownerId, part), part).toEqual([mixed]);
      expect(await contentsWithWords(storage(), ownerId, "大阪")).toEqual([]);
    },
  );

  it.each<{ phrase: string; found: readonly string[] }>([
    { phrase: "機械学習", found: ["機械学習 is fun", "人工知能と機械学習"] },
    { phrase: "習機", found: ["学習機械"] },
    { phrase: "械機", found: [] },
    { phrase: "機械学習 is fun", found: ["機械学習 is fun"] },
    { phrase: "is 機械学習", found: [] },
    { phrase: "학교에서 한국어를", found: ["저는 학교에서 한국어를 배웁니다"] },
    { phrase: "한국어를 학교에서", found: [] },
    { phrase: "学", found: ["人工知能と機械学習", "学 alone", "機械学習 is fun"] },
  ])("hold the phrase $phrase where it stands so", async ({ phrase, found }) => {
    const ownerId = newOwner();
    const leaves = ["機械学習 is fun", "学習機械", "人工知能と機械学習", "저는 학교에서 한국어를 배웁니다", "学 alone"];
    await store(storage().database, [{ ownerId, leaves, textConfig: "simple" }]);
    const expected = phrase === "学" ? [...found, "学習機械"] : found;
    expect(await contentsWithPhrase(storage(), ownerId, phrase)).toEqual(expected.toSorted());
  });

  it.each<{ stored: string; asked: string }>([
    { stored: "ｱﾊﾟｰﾄを探す", asked: "アパート" },
    { stored: "アパートを探す", asked: "ｱﾊﾟｰﾄ" },
    { stored: "the ㍿ABC of Tokyo", asked: "株式会社" },
    { stored: "the 株式会社ABC of Tokyo", asked: "㍿" },
    { stored: "an ﬁne ｒｉｖｅｒ", asked: "river" },
    { stored: "an fine river", asked: "ﬁne" },
    { stored: "cafe\u0301 au lait", asked: "café" },
  ])("and other forms of letters are one: $asked finds $stored", async ({ stored, asked }) => {
    const ownerId = newOwner();
    await store(storage().database, [{ ownerId, leaves: [stored, "other"], textConfig: "simple" }]);
    expect(await contentsWithWords(storage(), ownerId, asked)).toEqual([stored]);
    expect(await contentsWithPhrase(storage(), ownerId, asked)).toEqual([stored]);
  });

  it.each<{ stored: string; asked: string; textConfig: string }>([
    { stored: "مرحبا بالعالم الجميل", asked: "الجميل", textConfig: "arabic" },
    { stored: "שלום לכולם, מה שלומכם?", asked: "שלומכם", textConfig: "simple" },
    { stored: "یہ ایک کتاب ہے", asked: "کتاب", textConfig: "simple" },
    { stored: "the word שלום in English", asked: "שלום", textConfig: "english" },
    { stored: "\u200fשלום\u200f at the margin", asked: "שלום", textConfig: "simple" },
    { stored: "party 🎈 tonight", asked: "party🎈tonight", textConfig: "english" },
    { stored: "👩‍👩‍👧family day", asked: "family 🎈", textConfig: "english" },
    { stored: "He said “never”—and left", asked: "never", textConfig: "english" },
    { stored: "ÄRGER im Büro", asked: "ärger", textConfig: "simple" },
    { stored: "Στην Αθήνα", asked: "ΑΘΉΝΑ", textConfig: "simple" },
    { stored: "co\u00adoperation", asked: "cooperation", textConfig: "english" },
  ])("and words end at what is no letter, and have no capitals: $asked finds $stored", async ({ stored, asked, textConfig }) => {
    const ownerId = newOwner();
    await store(storage().database, [{ ownerId, leaves: [stored, "none"], textConfig }]);
    expect(await contentsWithWords(storage(), ownerId, asked)).toEqual([stored]);
  });

  it("keep their own text, whatever the index makes of it", async () => {
    const ownerId = newOwner();
    await store(storage().database, [{ ownerId, leaves: [sentences.halfWidth], textConfig: "simple" }]);
    expect(await contentsWithWords(storage(), ownerId, "カメラ")).toEqual([sentences.halfWidth]);
  });
});

function wordsOf(text: string): string[] {
  return text
    .replaceAll(",", " , ")
    .split(" ")
    .filter((word) => word !== "");
}

/** Each letter, and every two that stand together, but no marks alone; no more than so many, since each is a query. */
function partsOf(text: string): string[] {
  const runs = text.normalize("NFKC").match(/[\p{L}\p{M}ー]+/gu) ?? [];
  const parts = runs.flatMap((run) => {
    const letters = [...run];
    const pairs = letters.slice(1).map((letter, index) => `${letters[index]}${letter}`);
    return [...pairs, ...letters].filter((part) => /\p{L}/u.test(part));
  });
  return [...new Set(parts)].slice(0, 40);
}
