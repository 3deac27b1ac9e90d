"""The stand-in for systemd: order, restarts, reboots, and refusals."""

import pytest

from scripts.localcloud.machines.guest.systemd.unitfile import Command, UnitError, parse, span
from tests.localcloud.machines.booted import Site


def unit(body: str) -> str:
    """Return a command that writes the unit x and reads it in."""
    return f"cat >/etc/systemd/system/x.service <<'END'\n{body}\nEND\nsystemctl daemon-reload\n"


@pytest.mark.parametrize(
    ("line", "cause"),
    [
        ("PrivateTmp=yes", "x.service:3: Service.PrivateTmp is not a directive that the stand-in knows"),
        ("Restart=sometimes", "x.service: Service.Restart: 'sometimes' is not one of no, always, on-failure"),
        ("RestartSec=soon", "x.service: Service.RestartSec: 'soon' is not a time span"),
        ("ExecStop=+/bin/true", "x.service: Service.ExecStop: Exec prefix of '+/bin/true' is not supported"),
        ("ExecStop=/bin/sh 'open", 'x.service: Service.ExecStop: "/bin/sh \'open": No closing quotation'),
        ("no assignment", "x.service:3: Service.no assignment is not a directive that the stand-in knows"),
    ],
)
def test_a_unit_with_anything_unknown_is_refused(line: str, cause: str) -> None:
    """What systemd would only warn of stops the stand-in."""
    with pytest.raises(UnitError) as problem:
        parse("x.service", f"[Service]\nExecStart=/bin/true\n{line}\n")

    assert cause == str(problem.value)


def test_a_service_needs_a_command() -> None:
    """Without ExecStart there is nothing to run."""
    with pytest.raises(UnitError, match="has no ExecStart= setting"):
        parse("x.service", "[Service]\nType=simple\n")


def test_time_spans_and_command_prefixes() -> None:
    """Spans are in seconds; a dash before a command lets it fail."""
    assert [90, 320, 0.1, float("inf")] == [span(text) for text in ("90", "5min 20s", "100ms", "infinity")]
    assert Command(("/bin/a", "b c"), may_fail=True) == Command.parse("-/bin/a 'b c'")


@pytest.mark.machine
def test_a_service_that_ends_is_started_again(site: Site) -> None:
    """Restart=always covers exit 0, runs ExecStartPre again, and counts."""
    site.boot()

    shown = site.output(
        unit(
            "[Unit]\nStartLimitIntervalSec=0\n[Service]\nExecStartPre=/bin/sh -c 'echo pre >>/var/log/x'\n"
            "ExecStart=/bin/sh -c 'sleep 1'\nRestart=always\nRestartSec=1"
        )
        + "systemctl start x\nuntil [ $(wc -l </var/log/x) -ge 3 ]; do sleep 1; done\nsystemctl show -p Result x"
    )

    assert "Result=success\n" == shown


@pytest.mark.machine
def test_a_failing_start_says_so(site: Site) -> None:
    """Systemctl fails, the journal has the program's words, and the state is failed."""
    site.boot()

    result = site.run(
        unit("[Service]\nExecStartPre=/bin/sh -c 'echo no luck; exit 3'\nExecStart=/bin/true")
        + "systemctl start x; echo $?; systemctl is-active x; journalctl -u x -o cat -n 3"
    )

    assert (
        "Job for x.service failed. See 'journalctl -xeu x.service' for details.\n1\nfailed\nno luck\n"
        "ExecStartPre=/bin/sh: exit status 3\nx.service: Failed with result 'exit-code'.\n" == result.output
    )


@pytest.mark.machine
def test_stopping_ends_every_process_of_a_service(site: Site) -> None:
    """A child in its own session goes too, after ExecStop ran."""
    site.boot()

    shown = site.output(
        unit(
            "[Service]\nExecStart=/bin/sh -c 'setsid sleep 5000 & exec sleep infinity'\nExecStop=/bin/sh -c 'echo bye'"
        )
        + "systemctl start x\nuntil pgrep -f 'sleep 5000' >/dev/null; do sleep 1; done\n"
        "systemctl stop x; pgrep -fc 'sleep 5000'; systemctl is-active x; journalctl -u x -o cat | grep bye"
    )

    assert "0\ninactive\nbye\n" == shown


@pytest.mark.machine
def test_an_enabled_service_starts_at_boot(site: Site) -> None:
    """It comes back after a reboot, behind what it is ordered after, and an enabled one only."""
    site.boot()
    site.output(
        unit(
            "[Unit]\nAfter=docker.service\n[Service]\nType=oneshot\nRemainAfterExit=yes\n"
            "ExecStart=/bin/sh -c 'systemctl is-active docker >/var/docker-then'\n[Install]\nWantedBy=multi-user.target"
        )
        + "systemctl enable x"
    )

    site.machines.reboot("i-one")

    seen = "until systemctl is-active -q x; do sleep 1; done; cat /var/docker-then"
    assert "active\n" == site.output(seen)
