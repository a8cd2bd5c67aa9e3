"""A call leaves only for a public address over https; whatever a user types, nothing inside is reached (K6).

The test rig refuses every connection that leaves this machine, and a listener counts those that reach it.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Sequence

import pytest

from kernel.addresses import read_admitted
from kernel.outbound import Ending, Outside, post
from tests.make.receivers import NAME, Got, certificate, listening, receiving

PORT = "{port}"
# every form must be refused; {port} is that of a listener on this machine
FORMS = (
    # schemes
    "http://127.0.0.1:{port}/", "http://hooks.huiyi-buyer.cn/", "ftp://127.0.0.1:{port}/", "file:///etc/passwd",
    "gopher://127.0.0.1:{port}/_x", "dict://127.0.0.1:{port}/", "ws://127.0.0.1:{port}/", "wss://127.0.0.1:{port}/",
    "//127.0.0.1:{port}/", "127.0.0.1:{port}", "javascript:alert(1)", "HTTPS://127.0.0.1:{port}/", "https:/127.0.0.1/",
    # loopback in every spelling
    "https://127.0.0.1:{port}/", "https://127.0.0.1/", "https://127.0.0.1:8443/", "https://127.1/", "https://127.0.1/",
    "https://127.1:{port}/", "https://2130706433/", "https://2130706433:{port}/", "https://0x7f000001/",
    "https://0x7f.0x0.0x0.0x1/", "https://0177.0.0.1/", "https://017700000001/", "https://0x7f.1/", "https://0/",
    "https://0.0.0.0/", "https://0.0.0.0:{port}/", "https://127.255.255.254/", "https://127.0.0.1./", "https://[::1]/",
    "https://[::1]:{port}/", "https://[0:0:0:0:0:0:0:1]/", "https://[::]/", "https://[::]:{port}/",
    "https://[::ffff:127.0.0.1]/", "https://[::ffff:7f00:1]:{port}/", "https://[::127.0.0.1]/", "https://[::1%25lo]/",
    "https://①②⑦.0.0.1/", "https://127。0。0。1/", "https://127%2e0%2e0%2e1/", "https://00127.0.0.1/",
    # names of this machine and of networks inside
    "https://localhost/", "https://localhost:{port}/", "https://LOCALHOST/", "https://localhost./",
    "https://a.localhost/", "https://printer.local/", "https://db.internal/", "https://metadata.google.internal/",
    "https://intranet/", "https://router.lan/", "https://1.0.0.127.in-addr.arpa/", "https://hidden.onion/",
    # private networks
    "https://10.0.0.1/", "https://10.255.255.255/", "https://172.16.0.1/", "https://172.31.255.254/",
    "https://192.168.0.1/", "https://192.168.1.1:8443/", "https://[fc00::1]/", "https://[fd00:ec2::254]/",
    "https://167772161/", "https://0xa9fea9fe/", "https://[fec0::1]/",
    # link-local and metadata
    "https://169.254.169.254/latest/meta-data/", "https://169.254.0.1/", "https://[fe80::1]/",
    "https://100.100.100.200/", "https://168.63.129.16/", "https://2852039166/", "https://[::ffff:169.254.169.254]/",
    # carrier-grade, shared, reserved, documentation, multicast, broadcast
    "https://100.64.0.1/", "https://100.127.255.254/", "https://192.0.0.1/", "https://198.18.0.1/",
    "https://192.0.2.1/", "https://198.51.100.1/", "https://203.0.113.1/", "https://224.0.0.1/", "https://239.1.1.1/",
    "https://240.0.0.1/", "https://255.255.255.255/", "https://[ff02::1]/", "https://[2001:db8::1]/",
    # IPv4 inside IPv6
    "https://[64:ff9b::7f00:1]/", "https://[64:ff9b:1::a00:1]/", "https://[2002:7f00:1::]/",
    "https://[2002:a00:1::1]/", "https://[2001:0:4136:e378:8000:63bf:807f:fffe]/", "https://[::ffff:0:127.0.0.1]/",
    "https://[2606:4700:4700::5efe:7f00:1]/",
    # user information, ports, fragments, hidden parts
    "https://hooks.huiyi-buyer.cn@127.0.0.1:{port}/", "https://user:word@hooks.huiyi-buyer.cn/",
    "https://127.0.0.1:{port}#@hooks.huiyi-buyer.cn/", "https://hooks.huiyi-buyer.cn#@127.0.0.1/",
    "https://hooks.huiyi-buyer.cn:22/", "https://hooks.huiyi-buyer.cn:80/", "https://hooks.huiyi-buyer.cn:6379/",
    "https://hooks.huiyi-buyer.cn:{port}/", "https://hooks.huiyi-buyer.cn:0/", "https://8.8.8.8:25/",
    "https://hooks.huiyi-buyer.cn\\@127.0.0.1:{port}/", "https://hooks.huiyi-buyer.cn\t@127.0.0.1:{port}/",
    "https://hooks.huiyi-buyer.cn%00.127.0.0.1/", "https://hooks.huiyi-buyer.cn%23@127.0.0.1/",
)  # fmt: skip


def test_no_form_of_an_address_reaches_anything_inside() -> None:
    assert len(FORMS) >= 80
    assert len(set(FORMS)) == len(FORMS)
    with listening() as counted:
        for form in FORMS:
            answer = post(form.format(port=counted.port), b"{}", {}, Outside())
            assert answer.ending is Ending.REFUSED, (form, answer)
        time.sleep(0.1)
        assert counted.count == 0


@pytest.mark.parametrize("addresses", [
    ["127.0.0.1"], ["10.0.0.8"], ["169.254.169.254"], ["100.64.1.1"], ["::1"], ["::ffff:127.0.0.1"],
    ["fd00::1"], ["64:ff9b::a9fe:a9fe"], ["8.8.8.8", "127.0.0.1"], ["2606:4700::1", "192.168.0.1"], [],
])  # fmt: skip
def test_a_public_name_that_leads_inside_is_not_called(addresses: list[str]) -> None:
    answer = post(f"https://{NAME}/hook", b"{}", {}, Outside(resolve=lambda _host, _port: addresses))
    assert answer.ending is Ending.REFUSED


def test_a_name_is_resolved_once_and_only_the_checked_address_is_called() -> None:
    asked: list[str] = []

    def rebinding(host: str, _port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["::1"]  # the second answer leads to the listener

    with receiving() as receiver, listening() as counted:
        admitted = read_admitted(f"127.0.0.1/32:{receiver.port}")
        called = Outside(admitted, str(certificate()), rebinding)
        answer = post(f"https://{NAME}:{receiver.port}/hook", b'{"data": {}}', {}, called)
        assert (answer.ending, answer.status, answer.address) == (Ending.ANSWERED, 200, "127.0.0.1")
        assert asked == [NAME]
        again = post(f"https://{NAME}:{receiver.port}/hook", b"{}", {}, called)
        assert again.ending is Ending.REFUSED
        assert counted.count == 0
    assert len(receiver.got) == 1


def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    with listening() as counted:

        def redirects(_got: Got) -> tuple[int, dict[str, str], bytes]:
            return 302, {"Location": f"http://127.0.0.1:{counted.port}/"}, b""

        with receiving(redirects) as receiver:
            answer = post(receiver.url, b"{}", {}, receiver.outside())
        assert (answer.ending, answer.status) == (Ending.ANSWERED, 302)
        time.sleep(0.1)
        assert counted.count == 0


def test_a_certificate_for_another_name_ends_the_call() -> None:
    with receiving() as receiver:
        called = Outside(receiver.outside().admitted, str(certificate()), lambda _host, _port: ["127.0.0.1"])
        assert post(f"https://other.huiyi-buyer.cn:{receiver.port}/", b"{}", {}, called).ending is Ending.UNREACHABLE
        untrusted = Outside(receiver.outside().admitted)
        assert post(receiver.url, b"{}", {}, untrusted).ending is Ending.UNREACHABLE
        assert receiver.got == []


def test_a_receiver_that_drips_is_cut_off_at_the_deadline() -> None:
    def drips(_got: Got) -> tuple[int, dict[str, str], bytes]:
        time.sleep(3)
        return 200, {}, b""

    with receiving(drips) as receiver:
        answer = post(receiver.url, b"{}", {}, receiver.outside(), seconds=1)
        assert answer.ending is Ending.TIMED_OUT
        assert 900 <= answer.took_ms < 2900


def test_of_a_long_answer_only_the_beginning_is_read() -> None:
    with receiving(lambda _got: (200, {}, b"x" * 300_000)) as receiver:
        assert len(post(receiver.url, b"{}", {}, receiver.outside()).body) == 64 * 1024


def test_a_port_where_nobody_listens_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    called = Outside(read_admitted(f"127.0.0.1/32:{port}"))
    assert post(f"https://127.0.0.1:{port}/", b"{}", {}, called).ending is Ending.UNREACHABLE
