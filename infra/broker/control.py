"""rabbitmqctl of a running broker, wherever it runs: what AMQP cannot do (users, permissions, virtual hosts)."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from infra import processes
from infra.broker import centre, topology

PATIENCE = 120  # seconds
_AGENCY = "agency."


class NotReached(Exception):
    """rabbitmqctl could not be run, or did not do it; the message carries what it said."""


class Control:
    """`command` is how rabbitmqctl is called, such as ("docker", "compose", "exec", "-T", "rabbitmq", "rabbitmqctl").
    """

    def __init__(self, command: Sequence[str]) -> None:
        self._command = tuple(command)

    def declare(self, document: Mapping[str, Any]) -> list[str]:
        """Import definitions and answer what now stands otherwise than they say: nothing, when all went well."""
        # Virtual hosts first: with everything in one import, permissions may meet one that is still starting.
        self._run("import_definitions", "--format", "json", text=topology.render({"vhosts": document["vhosts"]}))
        self._run("import_definitions", "--format", "json", text=topology.render(document))
        exported = self._run("export_definitions", "--silent", "--format", "json", "-")
        return centre.differences(document, json.loads(exported))

    def deny(self, user: str) -> None:
        """Delete a user; the broker cuts its connections. One that is not there is denied already."""
        if user in self.users():
            self._run("delete_user", user)

    def keep_agencies(self, agencies: Iterable[str]) -> list[str]:
        """Take off every agency's user that is none of these, which cuts its connections, and then its queue with what
        lies in it. Answers what was done, a line each; nothing when it stands so already."""
        kept = {centre.agency_user(code) for code in agencies}
        done = []
        for user in sorted(name for name in self.users() if name.startswith(_AGENCY) and name not in kept):
            self._run("delete_user", user)
            done.append(f"user {user}: taken off")
        columns = ("--silent", "--formatter", "json", "name", "messages")
        standing = json.loads(self._run("list_queues", "-p", centre.AGENCIES, *columns))
        for row in sorted(standing, key=lambda one: str(one["name"])):
            if row["name"].startswith(_AGENCY) and row["name"] not in kept:
                self._run("delete_queue", "-p", centre.AGENCIES, row["name"])
                done.append(f"queue {row['name']}: taken away, with {row['messages']} messages")
        return done

    def users(self) -> set[str]:
        """The names of all users."""
        listed = json.loads(self._run("list_users", "--silent", "--formatter", "json"))
        return {row["user"] for row in listed}

    def _run(self, *arguments: str, text: str = "") -> str:
        try:
            with processes.told(text) as told:
                done = subprocess.run(
                    [*self._command, *arguments], stdin=told, capture_output=True, text=True, timeout=PATIENCE
                )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise NotReached(f"{self._command[0]}: {error}") from error
        if done.returncode != 0:
            raise NotReached(f"{arguments[0]}: {(done.stderr or done.stdout).strip()[-2000:]}")
        return done.stdout
