"""`scripts/lint-ram`: a line for each problem, and a status that stops CI."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[3]
OPEN = '{"Version": "1", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}'


def lint_ram(*files: str, given: str = "") -> tuple[int, str]:
    """Return the status of the command, and its two outputs as one."""
    ran = subprocess.run(
        [str(ROOT / "scripts" / "lint-ram"), *files],
        cwd=ROOT,
        input=given,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return ran.returncode, ran.stdout


def test_the_operators_policy_passes() -> None:
    """Advice does not fail it."""
    status, said = lint_ram("docs/operator-policy.json")
    assert status == 0
    assert "docs/operator-policy.json: advisory: Statement[9].Resource: kms:GetSecretValue on every resource " in said


def test_an_open_document_fails(tmp_path: Path) -> None:
    """The good one beside it is named as well."""
    good = tmp_path / "good.json"
    good.write_text(OPEN.replace("Allow", "Deny"))

    problem = "-: mandatory: Statement[0].Action: '*' allows everything, now and in future. Name the actions."
    assert (1, f"{good}: fine\n{problem}\n") == lint_ram(str(good), "-", given=OPEN)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    """One sentence, and another status than for a finding."""
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe")

    assert (2, "missing.json: cannot be read: No such file or directory.\n") == lint_ram("missing.json")
    assert (2, f"{binary}: cannot be read: it is not UTF-8.\n") == lint_ram(str(binary))
