import { describe, expect, it } from "vitest";
import { codeSections } from "../../../src/chunking/sections/code-sections.ts";

function sectionsOf(text: string): string[] {
  return codeSections(text).map(({ start, end }) => text.slice(start, end));
}

describe("source code", () => {
  it.each<[language: string, sections: string[]]>([
    [
      "TypeScript",
      [
        'import x from "x";\nconst limit = 3;\n\n',
        "/**\n * Doc.\n */\nexport async function f(a: number) {\n  return a;\n}\n\n",
        "export const g = (a: number): number => a;\n",
        "const h = async function () {};\n",
        "export interface A {\n  b: string;\n}\n",
        "type B = string;\n",
        "// about C\n@decorated\nexport abstract class C {\n  function() {}\n}\n",
        "export default function () {}\n",
      ],
    ],
    [
      "Python",
      [
        '"""Doc."""\nimport os\n\n',
        "def f(a):\n    def inner():\n        pass\n    return a\n\n",
        "# note\n@cached\nasync def g():\n    pass\n",
        "class A:\n    def m(self):\n        pass\n",
      ],
    ],
    [
      "Go",
      ["package main\n\n", "type T struct {\n}\n\n", "// M does.\nfunc (t *T) M() int {\n\treturn 1\n}\n", "func main() {\n}\n"],
    ],
    [
      "Rust",
      [
        "use std::fmt;\n\n",
        "#[derive(Debug)]\npub struct A {\n}\n",
        "impl<T> A<T> {\n    fn m() {}\n}\n",
        "pub(crate) async fn f() {\n}\n",
        "trait B {}\n",
        "enum C { D }\n",
      ],
    ],
    [
      "Java",
      [
        "package a;\n\n",
        "@Service\npublic final class A {\n  public static void main(String[] a) {\n  }\n}\n",
        "interface B {}\n",
      ],
    ],
    [
      "C",
      [
        "#include <stdio.h>\n#define N 3\n\n",
        "struct a {\n  int b;\n};\n\n",
        "static int add(int a, int b) {\n  return a + b;\n}\n\n",
        "int main(void)\n{\n  return add(1, 2);\n}\n",
      ],
    ],
  ])("in %s has a section per definition at the top level, with what is attached above it", (_language, sections) => {
    expect(sectionsOf(sections.join(""))).toEqual(sections);
  });

  it("keeps a comment that a blank line separates with what is before it", () => {
    expect(sectionsOf("x = 1\n# end of setup\n\ndef f():\n    pass\n")).toEqual([
      "x = 1\n# end of setup\n\n",
      "def f():\n    pass\n",
    ]);
  });

  it.each(["return f(x)\n", "functional = 1\n", "classes: a\n", "f(x);\n", "if (a) {\n}\n", "plain words only\n"])(
    "finds no definition in %j",
    (line) => {
      expect(sectionsOf(`start\n${line}`)).toEqual([`start\n${line}`]);
    },
  );
});
