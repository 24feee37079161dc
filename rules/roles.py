"""Which role may do what, from `roles.yaml` beside this file. Denied unless written there."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from rules import strict_yaml


@dataclass(frozen=True, slots=True)
class Role:
    """A role: its names, whether it is given to staff accounts, and all that it may do."""

    code: str
    name: dict[str, str]
    staff: bool
    may: frozenset[str]


@dataclass(frozen=True, slots=True)
class Roles:
    """The whole file, read and found consistent."""

    permissions: Mapping[str, dict[str, str]]
    roles: Mapping[str, Role]
    departments: Mapping[str, dict[str, str]]


def read(data: Mapping[str, Any]) -> Roles:
    """Check and read the file's content. ValueError, naming every mistake, when a role may do something that is no
    permission, a permission is given to nobody, or a name lacks a language: the platform does not start on it."""
    mistakes = [f"not a section: {key}" for key in data if key not in ("permissions", "roles", "departments")]
    permissions, departments = data["permissions"], data["departments"]
    for kind, named in (("permission", permissions), ("department", departments),
                        ("role", {code: role.get("name") for code, role in data["roles"].items()})):
        mistakes += [f"{kind} {code} needs names in ar and en" for code, name in named.items()
                     if not isinstance(name, dict) or set(name) != {"ar", "en"} or not all(name.values())]
    roles = {}
    for code, role in data["roles"].items():
        if set(role) != {"name", "staff", "may"} or not isinstance(role["staff"], bool):
            mistakes.append(f"role {code} has exactly name, staff (true or false) and may")
            continue
        mistakes += [f"role {code} may do what is no permission: {one}"
                     for one in role["may"] if one not in permissions]
        if len(set(role["may"])) != len(role["may"]):
            mistakes.append(f"role {code} lists a permission twice")
        roles[code] = Role(code, role["name"], role["staff"], frozenset(role["may"]))
    given = frozenset[str]().union(*(role.may for role in roles.values()))
    mistakes += [f"nobody may {permission}" for permission in permissions if permission not in given]
    if mistakes:
        raise ValueError("roles.yaml: " + "; ".join(mistakes))
    return Roles(MappingProxyType(permissions), MappingProxyType(roles), MappingProxyType(departments))


@cache
def load() -> Roles:
    """The roles of this platform; read once, checked by `read`."""
    with (Path(__file__).parent / "roles.yaml").open(encoding="utf-8") as file:
        return read(strict_yaml.load(file))


def permits(roles: Iterable[str], permission: str) -> bool:
    """Whether any of the roles may. An unknown role or permission may nothing."""
    return permission in _may(tuple(roles))


@lru_cache(maxsize=1024)
def _may(roles: tuple[str, ...]) -> frozenset[str]:
    """All that roles may together: asked twice a request, and there are few different ones."""
    known = load().roles
    return frozenset[str]().union(*(known[role].may for role in roles if role in known))


def role_name(code: str, language: str) -> str:
    """The role's name in `ar` or `en`; the code itself when there is no such role."""
    role = load().roles.get(code)
    return role.name[language] if role else code


def department_name(code: str, language: str) -> str:
    """The department's name in `ar` or `en`; the code itself when there is no such department."""
    return load().departments.get(code, {}).get(language, code)


def task_roles() -> Collection[str]:
    """The staff roles that may be given tasks of a workflow."""
    return frozenset(code for code, role in load().roles.items() if role.staff and "task.act" in role.may)
