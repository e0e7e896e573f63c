"""Parameters of TypeScript and JavaScript notebooks for papermill: `papermill in.ipynb out.ipynb -p seeds 4`.

papermill finds this module by its entry point and has the languages from then on. A parameter is declared again as the
cell tagged `parameters` declares it: with its keyword and its type.
"""
import json
import math

from papermill.engines import NBClientEngine
from papermill.exceptions import PapermillException
from papermill.models import Parameter
from papermill.translators import Translator, papermill_translators

LANGUAGES = ("typescript", "javascript")
KEYWORDS = ("const", "let", "var")
MAX_INTEGER = 2**53 - 1


def is_name(text):
    return text != "" and not text[0].isdigit() and all(c == "$" or c == "_" or c.isalnum() for c in text)


def declaration(line):
    """`const seeds: number = 16; // how many` as (keyword, name, type, value, comment), or None."""
    words = line.strip().split(None, 1)
    if words[:1] == ["export"] and len(words) == 2:
        words = words[1].split(None, 1)
    if len(words) < 2 or words[0] not in KEYWORDS or "=" not in words[1]:
        return None
    target, value = words[1].split("=", 1)
    name, _, kind = (part.strip() for part in target.partition(":"))
    if not is_name(name):
        return None
    value, _, comment = (part.strip() for part in value.partition("//"))
    return words[0], name, kind, value.rstrip(";").rstrip(), comment


def type_of(literal):
    """"boolean", "number" or "text" of a literal, otherwise None."""
    if literal in ("true", "false"):
        return "boolean"
    if literal[:1] in ("\"", "'", "`"):
        return "text"
    try:
        float(literal.replace("_", ""))
    except ValueError:
        return None
    return "number"


def as_usual(name, literal, usual):
    """The literal with the type that the notebook's own has. papermill reads `-p on false` as text: only Python's `False` is none."""
    wanted = None if usual is None else type_of(usual)
    given = type_of(literal)
    if wanted is None or given is None or wanted == given:
        return literal
    if given == "text" and type_of(json.loads(literal)) == wanted:
        return json.loads(literal)
    if wanted == "text":
        return json.dumps(literal)
    raise PapermillException(f"parameter {name}: must be a {wanted}, as {usual} is: got {literal}")


class TypeScriptTranslator(Translator):
    """Literals and declarations. What the notebook's own cell declares is noted when papermill inspects it."""

    declared = {}

    @classmethod
    def translate_str(cls, val):
        return json.dumps(val)

    @classmethod
    def translate_escaped_str(cls, str_val):
        return json.dumps(str(str_val))

    @classmethod
    def translate_none(cls, val):
        return "null"

    @classmethod
    def translate_int(cls, val):
        if abs(val) > MAX_INTEGER:
            raise PapermillException(f"parameter: an integer must be within ±(2^53 - 1): got {val}; pass it as text")
        return str(val)

    @classmethod
    def translate_float(cls, val):
        if math.isnan(val):
            return "NaN"
        if math.isinf(val):
            return "Infinity" if val > 0 else "-Infinity"
        return repr(val)

    @classmethod
    def translate_list(cls, val):
        return f"[{', '.join(cls.translate(one) for one in val)}]"

    @classmethod
    def translate_dict(cls, val):
        def key(text):
            # `"__proto__": x` would set the prototype.
            return '["__proto__"]' if text == "__proto__" else json.dumps(str(text))

        return f"{{{', '.join(f'{key(name)}: {cls.translate(one)}' for name, one in val.items())}}}"

    @classmethod
    def comment(cls, cmt_str):
        return f"// {cmt_str}".strip()

    @classmethod
    def assign(cls, name, str_val):
        if not is_name(name):
            raise PapermillException(f"parameter: must be a name of TypeScript: got {name!r}")
        keyword, kind, usual = cls.declared.get(name, ("const", "", None))
        str_val = as_usual(name, str_val, usual)
        return f"{keyword} {name}{': ' + kind if kind else ''} = {str_val};"

    @classmethod
    def inspect(cls, parameters_cell):
        found = [declaration(line) for line in parameters_cell["source"].split("\n")]
        found = [one for one in found if one is not None]
        cls.declared = {name: (keyword, kind, value) for keyword, name, kind, value, _ in found}
        return [Parameter(name, kind or "None", value, comment) for _, name, kind, value, comment in found]


for language in LANGUAGES:
    papermill_translators.register(language, TypeScriptTranslator)


class PageblockEngine(NBClientEngine):
    """papermill's own engine: an engine is what papermill loads by entry point."""
