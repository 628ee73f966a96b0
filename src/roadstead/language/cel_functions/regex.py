"""find and findAll, by the CEL library's own RE2: its time is linear, so no pattern can hang a process."""

import re
from functools import lru_cache
from typing import Any

from roadstead.language.cel_functions.declaration import Function

# A group that captures, outside of a character class: RE2's extract would give it instead of the whole match.
_TOKEN = re.compile(r"\\.|\[\^?\]?(?:\\.|\[:\^?\w+:\]|[^\]\\])*\]|\(\?P?<\w+>|\((?!\?)", re.DOTALL)


@lru_cache(maxsize=1)
def _programs() -> tuple[Any, Any, Any]:
    from cel_expr_python import cel

    config = cel.NewEnvConfigFromYaml("extensions:\n- name: regex\n- name: optional\n")
    text = cel.Type.STRING
    environment = cel.NewEnv(config=config, variables={"text": text, "pattern": text})
    first = environment.compile("regex.extract(text, pattern).orValue('')")
    return environment, first, environment.compile("regex.extractAll(text, pattern)")


def _run(program: Any, text: str, pattern: str) -> Any:
    from cel_expr_python import cel

    whole = _TOKEN.sub(lambda token: "(?:" if token[0][0] == "(" else token[0], pattern)
    result = program.eval(_programs()[0].Activation({"text": text, "pattern": whole}))
    if result.type() == cel.Type.ERROR:
        raise ValueError(str(result.value()).removeprefix("INVALID_ARGUMENT: "))
    return result.plain_value()


def _find(text: str, pattern: str) -> str:
    found: str = _run(_programs()[1], text, pattern)
    return found


def _find_all(text: str, pattern: str, limit: int = -1) -> list[str]:
    found: list[str] = _run(_programs()[2], text, pattern)
    return found if limit < 0 else found[:limit]


FUNCTIONS = (
    Function("find", ("string", "string"), "string", _find),
    Function("findAll", ("string", "string"), "list<string>", _find_all),
    Function("findAll", ("string", "string", "int"), "list<string>", _find_all),
)
