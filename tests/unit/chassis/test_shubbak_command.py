"""`shubbak …` is the operator's command from any folder."""

import subprocess
from pathlib import Path

COMMAND = Path(__file__).resolve().parents[3] / "infra" / "shubbak"


def test_an_export_is_verified_from_any_folder_and_without_a_node(tmp_path):
    (tmp_path / "audit.jsonl").write_text('{"broken": true}\n')
    told = subprocess.run([COMMAND, "audit", "verify", "audit.jsonl", "--public-key", "00" * 32], cwd=tmp_path, env={},
                          capture_output=True, text=True)
    assert told.returncode == 1 and "no export of an audit" in told.stdout + told.stderr, told


def test_it_is_there_under_a_name_of_the_path(tmp_path):
    link = tmp_path / "shubbak"
    link.symlink_to(COMMAND)
    told = subprocess.run([link, "audit", "--help"], cwd=tmp_path, env={}, capture_output=True, text=True)
    assert told.returncode == 0 and "verify" in told.stdout and "export" in told.stdout
