"""A second, separately written rule of the kernel's watermark check, for the table reasons.json.

It shares nothing with lib/: numbers of the reports come from expected.json (written by another reader) and from its
own search in the text; what was asked, the release and the zones of the build are put in by hand below, from each
log's first lines. Usage: python3 test/explain/kernel-rule.py > test/fixtures/explain/reasons.json
"""
import json
import re
import sys
from pathlib import Path

X64 = "DMA DMA32 Normal Movable Device".split()
X64_4 = "DMA DMA32 Normal Movable".split()
HIGH = "DMA Normal HighMem Movable".split()

# log: (zones of the build, highest zone, order, rights, movable, release)
# rights: "" none, "atomic" (__GFP_HIGH without direct reclaim), "nowait" (neither), "reclaim" (by its stack the request
# comes from below kswapd() or try_to_free_pages(), in no interrupt: a task with PF_MEMALLOC)
BY_HAND = {
    "A01-fc25-chrome-coredump": (X64, "Normal", 5, "", False, 4.09),
    "A05-lkft-apq8016-vmalloc": (X64_4, "Normal", 0, "", False, 6.01),
    "A07-i386-em28xx-order4": ("DMA Normal Movable".split(), "Normal", 4, "", False, 3.03),
    "A09-kirin-android-order2": ("DMA Normal Movable".split(), "DMA", 2, "", False, 4.01),
    "A11-orion-sock-order1": ("Normal Movable".split(), "Normal", 1, "atomic", False, 2.632),
    "A13-i386-e100-order5": ("DMA Normal Movable".split(), "Normal", 5, "atomic", False, 2.631),
    "A15-ia64-16k-hotplug": None,  # its counters have run below zero
    "A17-ingenic-containerd-order4": ("DMA Normal Movable".split(), "Normal", 4, "", False, 5.08),
    "A19-g4-610rc2-allzero": (HIGH, "Normal", 0, "reclaim", False, 6.10),
    "A21-g4-68-atomic": (HIGH, "Normal", 0, "atomic", False, 6.08),
    "A23-g4-kasan-module-vmap": (HIGH, "Normal", 0, "", False, 5.15),
    "A25-g4-614-vmalloc-range": (HIGH, "Normal", 0, "", False, 6.14),
    "A27-rockpro64-order6": (X64, "Normal", 6, "", False, 5.10),
    "A29-debian-519-order4": (X64, "Normal", 4, "", False, 5.19),
    "A31-syslog-folded-vmalloc": (X64, "Normal", 9, "", False, 6.03),
    "A33-kasan-nowait-tabbed": (X64, "Normal", 0, "nowait", False, 5.00),
    "A37-ath11k-dma32-order0": (X64, "DMA32", 0, "", False, 6.16),
    "A39-raid-smartctl-nowait": (X64_4, "Normal", 0, "nowait", False, 5.13),
    "A43-pseries-64k-execmem": ("Normal Movable Device".split(), "Normal", 0, "", False, 6.06),
    "A49-rza2-swapfile-order0": ("Normal Movable".split(), "Normal", 0, "reclaim", False, 5.18),
    "A51-loongson2e-16k-order0": ("DMA Normal Movable".split(), "DMA", 0, "", False, 3.17),
    "A53-sh-nommu-order7": ("Normal Movable".split(), "Normal", 7, "", False, 2.631),
    "B01-imx8mm-414-cma": ("DMA Normal Movable".split(), "Movable", 0, "", True, 4.14),
    "B03-arch-611-doxygen": (X64, "Movable", 0, "", True, 6.01),
    "B05-impish-513-sysrq-f": (X64, "Normal", 0, "", False, 5.13),
    "B07-el7-rsyslog-012": (X64_4, "Movable", 0, "", True, 3.10),
    "B09-android-kmsg-order3": ("DMA Normal Movable".split(), "Normal", 3, "", False, 5.10),
    "B11-i386-highmem-57": (HIGH, "Normal", 0, "", False, 5.07),
    "B13-i386-518-highmem-ltp": (HIGH, "Movable", 0, "", True, 5.18),
    "B15-i386-57-mkfs-2": (HIGH, "Normal", 0, "", False, 5.07),
    "B17-ls1024a-nfsd-68": ("Normal Movable".split(), "Normal", 0, "", False, 6.08),
    "B19-pxa-zipit-boot-518": ("Normal Movable".split(), "Movable", 0, "", True, 5.18),
    "B21-oom-torture-53-T5241": (X64_4, "Movable", 0, "", True, 5.03),
    "B23-kdump-icelake-68": (X64, "Normal", 0, "", False, 6.08),
}
# Releases with one digit after the point sort as 4.09 < 4.10; 2.6.31 is 2.631.
LOWEST_FIRST = "DMA DMA32 Normal HighMem Movable Device".split()


def flat(text):
    """The text as one line, without quotes, times and journal's heads."""
    lines = []
    for line in text.split("\n"):
        line = re.sub(r"^[>|\s]+", "", line)
        line = re.sub(r"^(?:\d+,\d+,\d+,\S+;|\d\d-\d\d \S+ <\d>\[[^\]]+\]\[[^\]]+\]|[A-Z][a-z]{2} +\d+ \S+ \S+ kernel: )", "", line)
        line = re.sub(r"^(?:\[ *\d+\.\d+\](?:\[ *[TC]\d+\])? ?)+", "", line)
        if not line.startswith("systemd-journald["):
            lines.append(line)
    return " ".join(" ".join(lines).replace("#012", " ").split())


def extras(text, zone):
    """lowmem_reserve[], boost, reserves and letters of one zone."""
    head = re.search(r"%s free: ?%dkB.*?lowmem_reserve ?\[\]:((?: -?\d+)+)" % (zone["name"], zone["freeKb"]), text)
    body = head.group(0) if head else ""
    if not head:
        sys.exit(f"no counters of zone {zone['name']} with free:{zone['freeKb']}kB in: {text[:80]}")
    number = lambda name: next((int(n) for n in re.findall(name + r": ?(\d+)[kK]B", body)), None)
    lists = re.search(r"%s: ((?:\d+\*\d+kB (?:\([A-Z]+\) )?)+)" % zone["name"], text)
    letters = []
    if lists:
        letters = [m.group(1) or "" for m in re.finditer(r"\d+\*\d+kB (?:\(([A-Z]+)\) )?", lists.group(1))]
    return {
        "reserve": [int(n) for n in head.group(1).split()],
        "boost": number("boost") or 0,
        "highatomic": number("reserved_highatomic"),
        "free_highatomic": number("free_highatomic"),
        "letters": letters,
    }


def judge(zone, extra, page_kib, hand):
    build, highest, order, rights, movable, release = hand
    if LOWEST_FIRST.index(zone["name"]) > LOWEST_FIRST.index(highest):
        return ["zone-not-allowed"]
    pages = lambda kb: (kb or 0) // page_kib
    why = set()
    # What the zone counts for this request.
    free = pages(zone["freeKb"]) - (2**order - 1)
    cma = 0 if movable or release < 3.07 else pages(zone["freeCmaKb"])
    reserved = extra["highatomic"]
    if reserved is None and release >= 4.04 and any("H" in letters for letters in extra["letters"]):
        # One page block of the size of a huge page; no log of this table is of Power or s390, where it is smaller.
        reserved = page_kib * page_kib * 1024 // 8
    if release >= 6.12 and extra["free_highatomic"] is not None:
        reserved = extra["free_highatomic"]
    digs = rights == "atomic" or (rights == "nowait" and release >= 6.03)
    high = 0 if digs else pages(reserved)
    usable = free - cma - high
    # The mark.
    mark = pages(zone["minKb"])
    if rights == "atomic":
        if order == 0 and release >= 5.09:
            mark -= pages(extra["boost"])
        mark -= mark // 2
        mark -= mark // 4
    elif rights == "nowait" and release < 4.04:
        mark -= mark // 4
    at = build.index(highest)
    # A movable request of a kernel without pages in Movable keeps what the zone keeps from the highest with pages.
    keep = 0 if zone["name"] == highest else extra["reserve"][min(at, len(extra["reserve"]) - 1)]
    counts = zone["counts"]
    # Lists that the request may use.
    barred = {"I"} | (set() if movable else {"C"}) | (set() if digs and order > 0 else {"H"})
    letters = extra["letters"] + [""] * len(counts)
    big = [o for o in range(order, len(counts)) if counts[o] > 0]
    mine = [o for o in big if not letters[o] or set(letters[o]) - barred]

    # From 4.7 to 5.8 a single page is given above the whole mark, whatever the reserve for atomic requests holds.
    single = order == 0 and 4.07 <= release < 5.09 and pages(zone["freeKb"]) - cma > pages(zone["minKb"]) + keep
    if rights == "reclaim" or single:
        if (order > 0 or single) and not mine:
            return ["no-block"]
        return ["no-block"] if zone["freeKb"] == 0 and not any(counts) else []
    # From 3.10 to 4.3 free CMA pages are subtracted for the first comparison, not for those of the orders.
    of_orders = lambda n: free if release >= 3.10 else n

    def fails(n):
        if n <= mark + keep:
            return True
        if release < 4.04 and order > 0:
            left, least = of_orders(n), mark
            for o in range(order):
                left -= counts[o] << o
                least >>= 1
                if left <= least:
                    return True
        return False

    if usable <= mark:
        why.add("watermark")
    elif usable > mark + keep and fails(usable) and big:
        why.add("watermark")
    elif release < 4.04 and order > 0 and big:
        left, least = of_orders(usable), mark
        for o in range(order):
            left -= counts[o] << o
            least >>= 1
            if left <= least:
                why.add("watermark")
    if keep > 0 and usable <= mark + keep:
        why.add("lowmem-reserve")
    if (order > 0 and not mine) or (order == 0 and zone["freeKb"] == 0 and not any(counts)):
        why.add("no-block")
        if order > 0:
            why |= {name for letter, name in (("C", "cma-only"), ("H", "highatomic")) if letter in barred and any(letter in letters[o] for o in big)}
    if why & {"watermark", "lowmem-reserve"}:
        if cma and not fails(usable + cma):
            why.add("cma-only")
        if high and not fails(usable + high):
            why.add("highatomic")
        if cma and high and fails(usable + cma) and fails(usable + high) and not fails(usable + cma + high):
            why |= {"cma-only", "highatomic"}
    return sorted(why)


def main():
    field = Path(__file__).parent.parent / "fixtures" / "field"
    numbers = json.loads((field / "expected.json").read_text())
    table = {}
    for name, hand in sorted(BY_HAND.items()):
        if hand is None:
            continue
        expected = numbers[name]
        text = flat((field / "logs" / f"{name}.txt").read_text(errors="replace"))
        rows = []
        for zone in expected["blocks"][0]:
            rows.append([zone["node"], zone["name"], judge(zone, extras(text, zone), expected["pageKib"], hand)])
        table[name] = rows
    print("{")
    print(",\n".join(f" {json.dumps(name)}: {json.dumps(rows)}" for name, rows in table.items()))
    print("}")


main()
