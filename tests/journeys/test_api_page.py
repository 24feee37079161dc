"""docs/api.md is run as it stands: each of its commands, in order, against a demo."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "api.md"


def test_the_commands_of_the_page_do_what_it_says(url: str) -> None:
    commands = re.findall(r"```sh\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert len(commands) >= 6
    script = "set -eu -o pipefail\n" + "\n".join(commands)
    ran = subprocess.run(["bash", "-c", script], env={"URL": url, "PATH": "/usr/local/bin:/usr/bin:/bin"},
                         capture_output=True, text=True, timeout=120, check=False)  # fmt: skip
    assert ran.returncode == 0, ran.stdout[-2000:] + ran.stderr[-2000:]
    assert '"shop-licence"' in ran.stdout and "404\n" in ran.stdout and '"username":"admin"' in ran.stdout
