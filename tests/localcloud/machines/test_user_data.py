"""User data runs as cloud-init would run it: once, in order, and with a loud end when it is wrong."""

import base64
import gzip

import pytest

from tests.localcloud.machines.booted import Site

pytestmark = pytest.mark.machine

PLAIN = """\
#cloud-config
bootcmd:
  - echo first >>/var/order
write_files:
  - path: /opt/a/plain
    content: |
      one
      two
  - path: /opt/a/program
    permissions: '0755'
    content: |
      #!/bin/bash
      echo "said $1" >>/var/order
  - path: /opt/a/plain
    append: true
    content: "three\\n"
  - {path: /opt/a/packed, encoding: b64, content: %s}
  - {path: /opt/a/zipped, encoding: gz+b64, content: %s}
runcmd:
  - [/opt/a/program, "it's $(id)"]
  - echo "as a line $((1 + 1))" >>/var/order
""" % (base64.b64encode(b"\0\1").decode(), base64.b64encode(gzip.compress(b"big", mtime=0)).decode())  # noqa: UP031 - braces


def test_a_cloud_config_writes_files_and_runs_commands_in_order(site: Site) -> None:
    """Files have their content and mode, lists are quoted words, strings are shell."""
    site.boot(PLAIN)

    seen = site.output(
        "cat /opt/a/plain /opt/a/zipped; stat -c ' %a' /opt/a/program; od -An -tx1 /opt/a/packed; cat /var/order"
    )

    assert "one\ntwo\nthree\nbig 755\n 00 01\nfirst\nsaid it's $(id)\nas a line 2\n" == seen


def test_user_data_runs_once_in_the_life_of_an_instance(site: Site) -> None:
    """A reboot and a stop with a start keep the system disk and do not run it again."""
    site.boot("#cloud-config\nruncmd: ['echo ran >>/var/count']\n")
    site.output("true")

    site.machines.reboot("i-one")
    site.output("touch /run/of-this-boot")
    site.machines.stop("i-one")
    site.boot("#cloud-config\nruncmd: ['echo ran >>/var/count']\n")

    assert "ran\n" == site.output("cat /var/count; ls /run/of-this-boot 2>/dev/null || true")


def test_a_script_is_user_data_too(site: Site) -> None:
    """A text that begins with #! is run as it is."""
    site.boot("#!/bin/bash\nset -eu\necho $0 $BASH_VERSION >/var/said\n")

    assert "part-001" in site.output("cat /var/said")


@pytest.mark.parametrize(
    ("user_data", "cause"),
    [
        ("#cloud-config\npackages: [curl]\n", "unknown keys: packages. Known: bootcmd, write_files, runcmd."),
        ("#cloud-config\nwrite_files: [{path: /x, modes: '1'}]\n", "write_files: unknown or missing field"),
        ("#cloud-config\nwrite_files: [{path: /x, permissions: 0644}]\n", "permissions of /x must be a quoted string"),
        ("#cloud-config\nwrite_files: [{path: /x, encoding: zip}]\n", "write_files: unknown encoding zip"),
        ("#cloud-config\nruncmd:\n  - 'false'\n", "runcmd: exit status 1"),
        ("#cloud-config\n[: broken\n", "not YAML"),
        ("cloud-config\n", "neither '#cloud-config' nor '#!'"),
    ],
)
def test_wrong_user_data_ends_in_an_error_that_says_why(site: Site, user_data: str, cause: str) -> None:
    """cloud-init status is error, and the log names the cause."""
    site.boot(user_data)

    result = site.machines.run_command("i-one", "cloud-init status --wait; cat /var/log/cloud-init-output.log", 30)

    assert "status: error" in result.output
    assert cause in result.output


def test_nothing_of_the_laptop_leaks_in(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine has neither the caller's environment, nor its files, nor its programs beyond the agreed ones."""
    monkeypatch.setenv("CALLERS_SECRET", "leaked")
    site.boot()

    assert "HOME INVOCATION_ID LANG PATH PWD SSL_CERT_FILE" == site.output(
        "env | cut -d= -f1 | grep -v '^_$\\|SHLVL' | sort | paste -sd' ' | tr -d '\\n'"
    )
    assert "" == site.run("command -v curl git gcc pip").output
    assert 1 == site.run("python3 -c 'import yaml' 2>/dev/null").exit_code
