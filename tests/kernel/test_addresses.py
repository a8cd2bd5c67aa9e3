"""Which addresses a user may name: the forms that lead inside are refused before anything is connected (K6)."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.addresses import (
    AddressRefused,
    check_address,
    checked_addresses,
    checked_target,
    read_admitted,
)

FINE = (
    "https://hooks.huiyi-buyer.cn", "https://hooks.huiyi-buyer.cn:443/a/b?c=d", "https://hooks.huiyi-buyer.cn:8443/",
    "https://8.8.8.8/hook", "https://[2606:4700:4700::1111]/hook", "https://xn--fiqs8s.xn--55qx5d.cn/hook",
)  # fmt: skip


@pytest.mark.parametrize("url", FINE)
def test_a_public_address_over_https_is_admitted(url: str) -> None:
    assert checked_target(url).port in (443, 8443)


def test_host_port_and_path_are_read_as_they_will_be_used() -> None:
    target = checked_target("https://Hooks.Huiyi-Buyer.CN:8443/a?b=c")
    assert (target.host, target.port, target.path) == ("hooks.huiyi-buyer.cn", 8443, "/a?b=c")
    assert checked_target("https://hooks.huiyi-buyer.cn").path == "/"


@pytest.mark.parametrize("url", [
    "https://hooks.huiyi-buyer.cn/with space", "https://hooks.huiyi-buyer.cn/\n", "https://例子.cn/", "",
    "https://hooks.huiyi-buyer.cn/" + "a" * 2000, "https://", "https:///path", "https://a..cn/", "https://-a.cn/",
    "https://hooks.huiyi-buyer.cn\\@127.0.0.1/", "https://[::1", "https://hooks.huiyi-buyer.cn:99999/",
    "https://hooks.huiyi-buyer.cn:x/", "https://hooks%2ehuiyi.cn/", "https://hooks.huiyi-buyer.cn:/",
])  # fmt: skip
def test_what_cannot_be_read_in_one_way_only_is_refused(url: str) -> None:
    with pytest.raises(AddressRefused):
        checked_target(url)


def test_one_address_that_may_not_be_called_spoils_all_of_a_name() -> None:
    with pytest.raises(AddressRefused):
        checked_addresses(["8.8.8.8", "10.0.0.1"], 443)
    with pytest.raises(AddressRefused):
        checked_addresses([], 443)
    assert [str(one) for one in checked_addresses(["8.8.8.8", "8.8.8.8"], 443)] == ["8.8.8.8"]


def test_a_network_of_ones_own_is_admitted_with_its_port_and_no_other() -> None:
    admitted = read_admitted("10.1.2.0/24:9443, [fd00::/8]:443,10.9.0.7/32, fd12::/16")
    check_address(ipaddress.ip_address("10.1.2.9"), 9443, admitted)
    check_address(ipaddress.ip_address("10.9.0.7"), 443, admitted)
    check_address(ipaddress.ip_address("fd00::1"), 443, admitted)
    check_address(ipaddress.ip_address("fd12::1"), 8443, admitted)
    for address, port in (("10.1.2.9", 443), ("10.1.3.9", 9443), ("8.8.8.8", 9443), ("fd00::1", 8443)):
        with pytest.raises(AddressRefused):
            check_address(ipaddress.ip_address(address), port, admitted)


@pytest.mark.parametrize("text", ["10.1.2", "example.cn", "10.1.2.3/8:443", "10.0.0.0/8:", ":443"])
def test_a_network_that_cannot_be_read_stops_the_start(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_admitted(text)


@given(st.ip_addresses(v=4))
def test_no_address_that_is_not_global_is_ever_admitted(address: ipaddress.IPv4Address) -> None:
    try:
        check_address(address, 443)
    except AddressRefused:
        return
    assert address.is_global
    assert not address.is_multicast


@given(st.ip_addresses(v=4))
def test_no_ipv6_address_that_carries_an_ipv4_address_is_admitted(address: ipaddress.IPv4Address) -> None:
    low = int(address)
    carriers = (low, 0xFFFF << 32 | low, 0x64FF9B << 96 | low, 0x2002 << 112 | low << 80,
                0x20010000 << 96 | low, 0x2606470047000000 << 64 | 0x00005EFE << 32 | low)  # fmt: skip
    for carrier in carriers:
        with pytest.raises(AddressRefused):
            check_address(ipaddress.IPv6Address(carrier), 443)
