"""惠益离线核验 · Check what Huiyi handed out: python3 huiyi_check.py PACK.json [ANCHOR.json …]

只用 Python 标准库，不联网。Standard library only, no network. Exit 0: verified, 1: wrong, 2: unread, 3: not anchored.
A pack holds leaves of Merkle trees (RFC 6962) with the hashes beside them, what they rest on, and daily anchors. Give
anchors that you fetched yourself from the public page: without them, a pack proves only that it fits itself.
"""

import base64
import hashlib
import json
import sys


def turn(word, by):
    return ((word << by % 32) | (word >> (32 - by % 32))) & 0xFFFFFFFF


def plain_sm3(data):  # GB/T 32905, for a Python whose OpenSSL lacks it
    state = [0x7380166F, 0x4914B2B9, 0x172442D7, 0xDA8A0600, 0xA96F30BC, 0x163138AA, 0xE38DEE4D, 0xB0FB0E4E]
    data = data + b"\x80" + bytes(-(len(data) + 9) % 64) + (len(data) * 8).to_bytes(8, "big")
    for at in range(0, len(data), 64):
        w = [int.from_bytes(data[at + i : at + i + 4], "big") for i in range(0, 64, 4)]
        for i in range(52):
            x = w[i] ^ w[i + 7] ^ turn(w[i + 13], 15)
            w.append(x ^ turn(x, 15) ^ turn(x, 23) ^ turn(w[i + 3], 7) ^ w[i + 10])
        a, b, c, d, e, f, g, h = state
        for i in range(64):
            first, second, step = (a & b) | (a & c) | (b & c), (e & f) | (~e & g), 0x7A879D8A
            if i < 16:
                first, second, step = a ^ b ^ c, e ^ f ^ g, 0x79CC4519
            one = turn((turn(a, 12) + e + turn(step, i)) & 0xFFFFFFFF, 7)
            left = (first + d + (one ^ turn(a, 12)) + (w[i] ^ w[i + 4])) & 0xFFFFFFFF
            right = (second + h + one + w[i]) & 0xFFFFFFFF
            a, b, c, d, e, f, g, h = left, a, turn(b, 9), c, right ^ turn(right, 9) ^ turn(right, 17), e, turn(f, 19), g
        state = [old ^ new for old, new in zip(state, (a, b, c, d, e, f, g, h))]  # noqa: B905 — for old Pythons too
    return b"".join(word.to_bytes(4, "big") for word in state)


HASHES = {
    "sha256": lambda data: hashlib.sha256(data).digest(),
    "sm3": (lambda data: hashlib.new("sm3", data).digest()) if "sm3" in hashlib.algorithms_available else plain_sm3,
}


def canonical(value):
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def fen(text):
    sign, (yuan, _, cents) = -1 if text.startswith("-") else 1, text.lstrip("-").partition(".")
    return sign * (int(yuan) * 100 + int(cents.ljust(2, "0")))


def root_of_range(known, start, size, path, hashed):
    """The root that neighbouring leaves and the hashes beside them lead to; None when there are too few."""
    rest, end = list(path), start + len(known)

    def above(low, high):
        if high <= start or end <= low:
            return rest.pop(0)
        if high - low == 1:
            return known[low - start]
        middle = low + (1 << ((high - low - 1).bit_length() - 1))  # the left side is a full power of two
        first = above(low, middle)
        return hashed(b"\1" + first + above(middle, high))

    try:
        return above(0, size) if 0 <= start < end <= size else None
    except IndexError:
        return None


def is_longer(before, old, size, new, path, hashed):
    """Whether a tree with root ``new`` begins with the first ``before`` leaves, whose root is ``old`` (RFC 9162)."""
    if before == size:
        return not path and old == new
    rest, low, high = [old] * (before & (before - 1) == 0) + list(path), before - 1, size - 1
    if not 0 < before < size or not rest:
        return False
    while low & 1:
        low, high = low >> 1, high >> 1
    first = second = rest[0]
    for beside in rest[1:]:
        if high == 0:
            return False
        if low & 1 or low == high:
            first, second = hashed(b"\1" + beside + first), hashed(b"\1" + beside + second)
            while not low & 1 and low:
                low, high = low >> 1, high >> 1
        else:
            second = hashed(b"\1" + second + beside)
        low, high = low >> 1, high >> 1
    return high == 0 and first == old and second == new


def check_proof(proof):
    """Every leaf stands in the tree, by every hash function that the tree has; a seal fits the seal before."""
    tree, seal, found = proof["tree"], proof["tree"].get("seal"), []
    for kind in ["sha256"] if seal else HASHES:
        known = [HASHES[kind](b"\0" + canonical(leaf)) for leaf in proof["leaves"]]
        path = [bytes.fromhex(text) for text in proof["path"][kind]]
        made = root_of_range(known, proof["start"], tree["leaves"], path, HASHES[kind])
        if made is None or made.hex() != tree[kind]:
            found.append(f"{tree['name']}：内容不在封存的树中（{kind}）· content does not stand in the sealed tree")
    for kind, hashed in HASHES.items() if seal else ():
        head = {**seal["head"], "tree_sha256": tree["sha256"], "line_count": tree["leaves"]}
        made = hashed(seal["previous_" + kind].encode() + canonical(head)).hex()
        if made != seal[kind] or head != seal["head"]:
            found.append(f"{tree['name']}：审计封印与内容不符（{kind}）· the audit seal does not fit")
    return found


def check_anchor(anchor):
    bare = canonical({key: value for key, value in anchor.items() if key not in HASHES})
    is_whole = all(hashed(bare).hex() == anchor[kind] for kind, hashed in HASHES.items())
    return [f"锚定 {anchor['day']}：内容与摘要不符 · the anchor was altered"] * (not is_whole)


def check_sums(leaves, digests):
    """Lines, entries and statements add up to the fen; a statement is what its digest says; what a sale rests on."""
    for leaf in leaves:
        if leaf["kind"] in ("line", "sale"):
            body = leaf.get("content", leaf)
            if fen(body["gross"]) != fen(body["net"]) + fen(body["tax"]):
                yield f"{body['order']}：收入不等于净额加税额 · gross is not net plus tax"
        if leaf["kind"] == "sale" and sum(fen(share[2]) for share in leaf["shares"]) != fen(leaf["net"]):
            yield f"{leaf['order']}：各方所得之和不等于净收入 · the shares do not add up"
        for name in ("quote", "tariff", "contract") if leaf["kind"] == "sale" else ():
            if leaf[name] and leaf[name]["sha256"] not in digests:
                yield f"{leaf['order']}：{name} 缺少，或不是封存时的 · missing, or not the one that was sealed"
        if leaf["kind"] == "entry" and sum(fen(amount) for _, amount in leaf["legs"]) != 0:
            yield f"凭证 {leaf['number']}：借贷不平 · the entry does not balance"
        if leaf["kind"] == "statement":
            own = [one["content"] for one in leaves if one["kind"] == "line" and one["statement"] == leaf["number"]]
            if sum(fen(line["share"]) for line in own) != fen(leaf["total"]):
                yield f"结算单 {leaf['number']}：各行之和不等于合计 · the lines do not add up to the total"
            names = ("party", "name", "place", "period_start", "period_end", "total")
            if HASHES["sha256"](canonical({**{one: leaf[one] for one in names}, "lines": own})).hex() != leaf["sha256"]:
                yield f"结算单 {leaf['number']}：内容与摘要不符 · the statement is not what was issued"


def check_pack(pack, trusted=()):
    """Return what is wrong, and what no anchor confirms yet, in words."""
    wrong, notes, digests = [], [], set()
    for item in pack["kept"]:
        data = base64.b64decode(item["base64"]) if "base64" in item else canonical(item["content"])
        digests.add(HASHES["sha256"](data).hex())
        if item["sha256"] not in digests:
            wrong.append(f"{item['title']}：内容与摘要不符 · content and digest differ")
    fetched, anchors = {anchor["day"]: anchor for anchor in trusted}, trusted or pack["anchors"]
    for anchor in [*pack["anchors"], *trusted]:
        wrong += check_anchor(anchor)
        if fetched.get(anchor["day"], anchor) != anchor:
            wrong.append(f"锚定 {anchor['day']}：与您另行取得的不同 · differs from the anchor that you fetched")
    roots = [[one["run"], one["leaves"], one["sha256"], one["sm3"]] for anchor in anchors for one in anchor["roots"]]
    logs = [["log", anchor["seals"], anchor["log_sha256"], anchor["log_sm3"]] for anchor in anchors]
    notes += ["未与您另行取得的锚定比对 · not compared with an anchor that you fetched yourself"] * (not trusted)
    seals = [leaf for proof in pack["proofs"] if proof["tree"]["name"] == "log" for leaf in proof["leaves"]]
    for proof in pack["proofs"]:
        wrong += check_proof(proof)
        tree, seal = proof["tree"], proof["tree"].get("seal")
        held = [tree["name"], *([] if seal else [tree["leaves"]]), (seal or tree)["sha256"], (seal or tree)["sm3"]]
        if held not in (seals if seal else roots + logs):
            is_other = tree["name"] in [root[0] for root in roots]
            (wrong if is_other else notes).append(f"{tree['name']}：没有锚定与之相符 · no anchor holds it")
    leaves = [leaf for proof in pack["proofs"] for leaf in proof["leaves"] if isinstance(leaf, dict)]
    wrong += check_sums(leaves, digests)
    return wrong + ["没有任何证明 · nothing is proved"] * (not pack["proofs"]), notes


def check(read, trusted=()):
    """Check a pack, an anchor, or two anchors with the proof that the later continues the earlier."""
    if "earlier" not in read:
        return check_pack(read, trusted) if "proofs" in read else (check_anchor(read), [])
    old, new = read["earlier"], read["later"]
    wrong = [words for anchor in (old, new, *trusted) for words in check_anchor(anchor)]
    for kind, hashed in HASHES.items():
        first, second = (bytes.fromhex(anchor["log_" + kind]) for anchor in (old, new))
        path = [bytes.fromhex(text) for text in read["proof"][kind]]
        if not is_longer(old["seals"], first, new["seals"], second, path, hashed):
            wrong.append(f"{new['day']} 不是 {old['day']} 的延续（{kind}）· the later one does not continue it")
    return wrong, []


def main(names):
    try:
        read, *trusted = [json.loads(open(name, "rb").read()) for name in names]
        wrong, notes = check(read, trusted)
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        sys.stderr.write(f"{__doc__}\n✗ 无法读取 · cannot be read: {type(error).__name__}: {error}\n")
        return 2
    said = [f"✗ {words}" for words in wrong] + [f"· {words}" for words in notes]
    summary = "内容自洽，尚待锚定 · consistent, not confirmed by an anchor of yours" if notes else "核验通过 · verified"
    said.append(f"核验不通过：{len(wrong)} 处 · {len(wrong)} findings" if wrong else summary)
    sys.stdout.write("\n".join(said) + "\n")
    return 1 if wrong else 3 * bool(notes)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
