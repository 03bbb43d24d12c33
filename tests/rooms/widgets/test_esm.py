"""Join modules into one, and refuse what the joiner does not know."""

from __future__ import annotations

from pathlib import Path

import pytest

from asyncdest_nb.widgets.esm import join_modules

ENTRY = 'import { shout } from "./words.js";\n\nexport default () => shout("hello");\n'
WORDS = 'export const MARK = "!";\n\nexport function shout(word) {\n  return word + MARK;\n}\n'


def joined(folder: Path, **modules: str) -> str:
    """Write the texts of *modules* by their names, and join them from ``entry``."""
    for name, text in modules.items():
        (folder / f"{name}.js").write_text(text, encoding="utf-8")
    return join_modules(folder / "entry.js")


def test_a_module_comes_after_those_that_it_imports(tmp_path):
    assert joined(tmp_path, entry=ENTRY, words=WORDS) == (
        'const MARK = "!";\n\nfunction shout(word) {\n  return word + MARK;\n}\n'
        'export default () => shout("hello");\n'
    )


def test_a_module_that_two_import_comes_once(tmp_path):
    words = 'import { shout } from "./words.js";\nexport const twice = (it) => shout(shout(it));\n'
    entry = 'import { twice } from "./twice.js";\n' + ENTRY
    text = joined(tmp_path, entry=entry, words=WORDS, twice=words)
    assert text.count("function shout") == 1


def test_an_import_may_go_over_several_lines_and_out_of_the_folder(tmp_path):
    (tmp_path / "inner").mkdir()
    (tmp_path / "words.js").write_text(WORDS)
    entry = 'import {\n  MARK,\n  shout,\n} from "../words.js";\nexport default shout(MARK);\n'
    assert joined(tmp_path / "inner", entry=entry).endswith("}\nexport default shout(MARK);\n")


def test_comments_that_fill_a_line_are_left_out_and_texts_like_them_stay(tmp_path):
    entry = (
        "// One.\n/** @import { Two } from './two.js' */\n/**\n * Three.\n */\n"
        'const url = "http://four"; // Four.\nexport default url;\n'
    )
    expected = 'const url = "http://four"; // Four.\nexport default url;\n'
    assert joined(tmp_path, entry=entry) == expected


@pytest.mark.parametrize(
    "line",
    [
        'import words from "./words.js";',
        'import * as words from "./words.js";',
        'import { shout as cry } from "./words.js";',
        'import "./words.js";',
        'import { shout } from "words";',
        'import { shout } from "https://example.com/words.js";',
        "import { shout } from './words.js';",
        'const words = import("./words.js");',
        'const words = await  import ("./words.js");',
        "const here = import.meta.url;",
        "export { shout };",
        "export { shout as cry };",
        'export * from "./words.js";',
        "export let [first, second] = [1, 2];",
        "const { first } = {};",
        "let first, second;",
        "var first = 1;",
    ],
)
def test_a_form_that_is_not_known_is_refused(tmp_path, line):
    with pytest.raises(ImportError, match=r"entry\.js: cannot join"):
        joined(tmp_path, entry=f"{line}\nexport default 1;\n", words=WORDS)


def test_only_the_entry_has_a_default(tmp_path):
    words = WORDS + "export default shout;\n"
    with pytest.raises(ImportError, match=r"words\.js: cannot join 'export default shout;'"):
        joined(tmp_path, entry=ENTRY, words=words)


def test_a_name_that_is_not_exported_is_refused(tmp_path):
    with pytest.raises(ImportError, match=r"words\.js does not export shout: see .*entry\.js"):
        joined(tmp_path, entry=ENTRY, words=WORDS.replace("export function", "function"))


def test_a_cycle_is_refused(tmp_path):
    words = 'import { other } from "./other.js";\n' + WORDS
    other = 'import { shout } from "./words.js";\nexport const other = shout;\n'
    with pytest.raises(ImportError, match=r"cycle: words\.js → other\.js → words\.js"):
        joined(tmp_path, entry=ENTRY, words=words, other=other)


@pytest.mark.parametrize(
    "declaration",
    [
        "const MARK = 1;",
        "let MARK;",
        "class MARK {}",
        "class MARK extends Array {}",
        "function MARK() {}",
        "function* MARK() {}",
        "export async function MARK() {}",
        "export default function MARK() {}",
    ],
)
def test_a_name_that_two_modules_declare_is_refused(tmp_path, declaration):
    entry = f'import {{ shout }} from "./words.js";\nshout();\n{declaration}\n'
    with pytest.raises(ImportError, match=r"entry\.js declares MARK, and so does .*words\.js"):
        joined(tmp_path, entry=entry, words=WORDS)


def test_a_module_that_is_missing_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"words\.js"):
        joined(tmp_path, entry=ENTRY)
