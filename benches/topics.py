#!/usr/bin/env python3
"""How well the shipped topics tell what they are after from what only looks like it.

Runs `vedetta match` over texts whose topic a person has judged, over random news, and over sports pages, and prints
precision and recall by topic and language. Needs Python 3.9 and nothing else.

    benches/topics.py DATA [--vedetta target/debug/vedetta] [--rules rules] [--list]

DATA is a folder of `*.jsonl.gz`, one text a line (`id`, `lang`, `title`, `text`):
`judged.jsonl.gz` also has a column for each judged topic (its id with underscores) that says `yes` (must match), `no` (must
not) or `partial` (either will do); `background.jsonl.gz` holds texts that match none of the judged topics; all others have a
`label`, of which those that begin with "sport" are counted apart. Alerts of topics that nobody judged are counted in a column
of their own: on random news some of them are right. Exit code 1 where a goal is missed.
"""

import argparse
import collections
import gzip
import json
import pathlib
import subprocess
import sys

PRECISION, RECALL, PER_THOUSAND = 0.95, 0.90, 1.0

# FLORES codes, as sentence collections use them.
FLORES = {
    "eng": "en", "ita": "it", "rus": "ru", "zho": "zh", "deu": "de", "fra": "fr", "spa": "es", "por": "pt", "arb": "ar",
    "jpn": "ja", "kor": "ko", "ukr": "uk", "pol": "pl", "tur": "tr",
}


def language(code):
    """The ISO 639-1 code, or nothing where there is none."""
    code = (code or "").split("_")[0].split("-")[0]
    return code if len(code) == 2 else FLORES.get(code)


def read(path):
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


def article(number, row, tell_language):
    """A row as an article: what is short is a summary, what is long a body, as in a feed."""
    text = row.get("text") or ""
    out = {"id": str(number), "title": row.get("title") or ""}
    out["summary" if len(text) < 600 else "body"] = text
    lang = language(row.get("lang"))
    if tell_language and lang:
        out["lang"] = lang
    return json.dumps(out, ensure_ascii=False)


def match(options, rows):
    """Runs the matcher; gives the set of (row number, topic)."""
    lines = "\n".join(article(number, row, options.tell_language) for number, row in enumerate(rows)) + "\n"
    run = subprocess.run(
        [options.vedetta, "match", "--rules", options.rules, "-"], input=lines.encode(), stdout=subprocess.PIPE, check=False
    )
    if run.returncode != 0:
        sys.exit(f"{options.vedetta} match failed with exit code {run.returncode}")
    found = (json.loads(line) for line in run.stdout.decode().splitlines())
    return {(int(hit["article"]), hit["topic"]) for hit in found}


def table(head, rows):
    widths = [max(len(str(row[column])) for row in [head, *rows]) for column in range(len(head))]
    for row in [head, *rows]:
        cells = (str(cell).ljust(width) if at < 2 else str(cell).rjust(width) for at, (cell, width) in enumerate(zip(row, widths)))
        print("  ".join(cells).rstrip())
    print()


def share(part, whole):
    return f"{part / whole:.2f}" if whole else "-"


def excerpt(row):
    return " ".join(f"[{row.get('lang')}] {row.get('title') or ''} | {row.get('text') or ''}".split())[:200]


def judged(options, path):
    rows = read(path)
    hits = match(options, rows)
    columns = [key for key in rows[0] if any(row.get(key) in ("yes", "no", "partial") for row in rows)]
    missed_goal = False
    lines = []
    for column in columns:
        topic = column.replace("_", "-")
        counts = collections.defaultdict(collections.Counter)
        for number, row in enumerate(rows):
            hit, verdict = (number, topic) in hits, row.get(column)
            kind = {("yes", True): "tp", ("yes", False): "fn", ("no", True): "fp", ("no", False): "tn"}.get((verdict, hit), "either")
            for key in (row.get("lang") or "?", "all"):
                counts[key][kind] += 1
            if options.list and kind in ("fn", "fp"):
                print({"fn": "missed", "fp": "false"}[kind], topic, excerpt(row))
        for lang in sorted(counts, key=lambda key: (key != "all", key)):
            c = counts[lang]
            if lang == "all" or c["tp"] + c["fn"] + c["fp"]:
                lines.append([
                    topic, lang, c["tp"] + c["fn"], c["tn"] + c["fp"], c["either"], c["tp"], c["fn"], c["fp"],
                    share(c["tp"], c["tp"] + c["fp"]), share(c["tp"], c["tp"] + c["fn"]),
                ])
        c = counts["all"]
        if c["tp"] < PRECISION * (c["tp"] + c["fp"]) or c["tp"] < RECALL * (c["tp"] + c["fn"]):
            missed_goal = True
    table(["topic", "language", "yes", "no", "partial", "found", "missed", "false", "precision", "recall"], lines)
    return missed_goal, {column.replace("_", "-") for column in columns}


def unjudged(options, paths, topics):
    missed_goal = False
    lines = []
    for path in paths:
        rows = read(path)
        hits = match(options, rows)
        name = path.name.removesuffix(".jsonl.gz")
        sport = {number for number, row in enumerate(rows) if str(row.get("label") or "").lower().startswith("sport")}
        for part, numbers in ((name, set(range(len(rows))) - sport), (f"{name}, sport", sport)):
            if not numbers:
                continue
            alerts = sorted(hit for hit in hits if hit[0] in numbers and hit[1] in topics)
            others = sorted(hit for hit in hits if hit[0] in numbers and hit[1] not in topics)
            lines.append([part, "", len(numbers), len(alerts), f"{1000 * len(alerts) / len(numbers):.1f}", len(others)])
            missed_goal |= bool(alerts or others) and part.endswith(", sport")
            missed_goal |= name == "background" and len(alerts) > max(1.0, PER_THOUSAND * len(numbers) / 1000)
            if options.list:
                for number, topic in sorted(alerts + others):
                    print("alert", part, topic, excerpt(rows[number]))
    table(["texts", "", "number", "alerts", "per 1,000", "other topics"], lines)
    return missed_goal


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("--vedetta", default="target/debug/vedetta")
    parser.add_argument("--rules", default="rules")
    parser.add_argument("--list", action="store_true", help="also print each text that was missed or alerted on wrongly")
    parser.add_argument("--no-language", dest="tell_language", action="store_false", help="leave the language to detection")
    options = parser.parse_args()
    if not options.data.is_dir():
        sys.exit(f"{options.data} is not a folder; nothing was measured")
    files = sorted(options.data.glob("*.jsonl.gz"))
    if options.data / "judged.jsonl.gz" not in files:
        sys.exit(f"{options.data} has no judged.jsonl.gz; nothing was measured")
    missed_goal, topics = judged(options, options.data / "judged.jsonl.gz")
    missed_goal |= unjudged(options, [path for path in files if path.name != "judged.jsonl.gz"], topics)
    print(
        f"goals: precision {PRECISION:.2f}, recall {RECALL:.2f}, {PER_THOUSAND:.0f} alert per 1,000 background texts, none on sport:",
        "missed" if missed_goal else "met",
    )
    return 1 if missed_goal else 0


if __name__ == "__main__":
    sys.exit(main())
