#!/usr/bin/env python3
"""How well articles are taken out of pages, and how fast.

Runs `vedetta article extract` over pages whose text, title or date someone has written down, and prints a table by kind and
one by language. Where Python's trafilatura is installed, the same figures for it, page by page in turn, so that both meet
the same machine. Needs Python 3.9 and nothing else.

    benches/extraction.py DATA [--vedetta target/release/vedetta] [--half development|held-out] [--list N]

DATA holds `expect.jsonl` and the pages that it names (gzip, or plain). A line has `file`, `kind`, `source`, `lang`, and what
is known of the page: `url`, `text`, `text_prefix`, `first_words`, `must_contain`, `must_not_contain`, `title`, `date`.

Texts are compared by word 4-grams, by characters where words are not spaced; F1 is that of the mean precision and the mean recall.
Pages are halved by a hash of their name: failures are looked at in the development half only.
"""

import argparse
import collections
import datetime
import gzip
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

UNSPACED = ("zh", "ja", "ko", "th")


def half(name):
    """Which half a page belongs to."""
    return "development" if hashlib.sha256(name.encode()).digest()[0] % 2 == 0 else "held-out"


def units(text, lang):
    if lang.startswith(UNSPACED):
        return [c for c in text if c.isalnum()]
    return re.findall(r"[^\W_]+", text.lower())


def grams(text, lang):
    words = units(text, lang)
    return collections.Counter(tuple(words[at:at + 4]) for at in range(len(words) - 3))


def precision_recall(ours, theirs, lang):
    ours, theirs = grams(ours, lang), grams(theirs, lang)
    common = sum((ours & theirs).values())
    return common / max(1, sum(ours.values())), common / max(1, sum(theirs.values()))


def letters(text):
    return "".join(c for c in text.lower() if c.isalnum())


def flat(text):
    return " ".join(text.split())


def days(date):
    """The day as it was written, and the same moment's day in UTC."""
    try:
        moment = datetime.datetime.fromisoformat(date.replace("Z", "+00:00"))
    except ValueError:
        return {date[:10]}
    return {date[:10]} | ({moment.astimezone(datetime.timezone.utc).isoformat()[:10]} if moment.tzinfo else set())


class Vedetta:
    """Runs the program once a page; what an empty page costs is the start of a process and is taken off."""

    def __init__(self, program):
        self.program = program
        self.seconds = 0.0
        self.start = 0.0
        with tempfile.NamedTemporaryFile(suffix=".html") as empty:
            empty.write(b"<html></html>")
            empty.flush()
            runs = []
            for _ in range(20):
                self.seconds = 0.0
                self.run(empty.name, None)
                runs.append(self.seconds)
        self.start = sorted(runs)[10]
        self.seconds = 0.0

    def run(self, path, url):
        command = [self.program, "article", "extract", path] + (["--url", url] if url else [])
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        out = process.stdout.read()
        why = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        self.seconds += max(0.0, usage.ru_utime + usage.ru_stime - self.start)
        if process.returncode == 0:
            return json.loads(out)
        return {"error": why.decode(errors="replace").strip()}

    def extract(self, path, _html, url):
        return self.run(path, url)


class Trafilatura:
    """Python's trafilatura, as it comes."""

    def __init__(self):
        import logging

        import trafilatura
        from trafilatura.settings import use_config

        logging.disable(logging.CRITICAL)
        config = use_config()
        config.set("DEFAULT", "EXTRACTION_TIMEOUT", "0")
        self.seconds = 0.0
        self.module, self.config = trafilatura, config
        self.name = f"trafilatura {trafilatura.__version__}"

    def extract(self, _path, html, url):
        start = time.process_time()
        try:
            found = self.module.bare_extraction(html, url=url, with_metadata=True, include_comments=False, config=self.config)
        except Exception:  # pages that it can't take
            found = None
        self.seconds += time.process_time() - start
        if found is None:
            return {}
        return {"body": found.text or "", "title": found.title or "", "published": found.date or ""}


class Row:
    """Sums of some pages."""

    def __init__(self):
        self.pages = self.texts = 0
        self.precision = self.recall = 0.0
        self.counts = collections.defaultdict(lambda: [0, 0])

    def count(self, what, right):
        self.counts[what][0] += bool(right)
        self.counts[what][1] += 1

    def f1(self):
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both / self.texts if both else 0.0

    def cells(self):
        means = (self.precision / self.texts, self.recall / self.texts, self.f1()) if self.texts else ()
        text = [f"{mean:.3f}" for mean in means] or ["", "", ""]
        return text + ["{}/{}".format(*self.counts[what]) if what in self.counts else "" for what in COUNTS]


COUNTS = ("title", "date", "begins", "wanted", "unwanted")


def score(row, case, found):
    """Adds a page; returns its F1 and what is wrong besides."""
    lang = case.get("lang") or ""
    body, wrong, f1 = found.get("body") or "", [], None
    row.pages += 1
    if case.get("text"):
        precision, recall = precision_recall(body, case["text"], lang)
        row.texts += 1
        row.precision += precision
        row.recall += recall
        f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
        wrong.append(f"P {precision:.2f} R {recall:.2f}")
    begin = case.get("text_prefix") or case.get("first_words")
    if begin:
        begin = letters(begin if isinstance(begin, str) else " ".join(begin))[:200]
        right = letters(body).startswith(begin)
        row.count("begins", right)
        if not right:
            wrong.append("begins otherwise")
    if case.get("title"):
        right = letters(found.get("title") or "") == letters(case["title"])
        row.count("title", right)
        if not right:
            wrong.append(f"title {found.get('title')!r}, not {case['title']!r}")
    if case.get("date"):
        right = (found.get("published") or "")[:10] in days(str(case["date"]))
        row.count("date", right)
        if not right:
            wrong.append(f"date {found.get('published')}, not {case['date']}")
    plain = flat(body)
    for what, key in (("wanted", "must_contain"), ("unwanted", "must_not_contain")):
        for snippet in case.get(key) or []:
            right = (flat(snippet) in plain) == (what == "wanted")
            row.count(what, right)
            if not right:
                wrong.append(f"{what}: {flat(snippet)[:60]!r}")
    return f1, wrong


def table(title, rows):
    print(f"\n{title:<26}{'pages':>6}{'prec':>7}{'recall':>7}{'F1':>7}" + "".join(f"{what:>10}" for what in COUNTS))
    for name, row in sorted(rows.items()):
        cells = row.cells()
        print(f"{name:<26}{row.pages:>6}" + "".join(f"{c:>7}" for c in cells[:3]) + "".join(f"{c:>10}" for c in cells[3:]))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("--vedetta", default="target/release/vedetta")
    parser.add_argument("--half", choices=("development", "held-out"))
    parser.add_argument("--list", type=int, default=0, metavar="N", help="the N worst pages, of the development half")
    parser.add_argument("--alone", action="store_true", help="without trafilatura")
    parser.add_argument("--goal", type=float, default=0.0, help="exit with 1 where the F1 of a kind is lower")
    options = parser.parse_args()
    engines = {"vedetta": Vedetta(options.vedetta)}
    if not options.alone:
        try:
            peer = Trafilatura()
            engines[peer.name] = peer
        except ImportError:
            print("trafilatura is not installed: without it")
    tables = {name: (collections.defaultdict(Row), collections.defaultdict(Row)) for name in engines}
    worst, pages = [], 0
    for line in (options.data / "expect.jsonl").read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        if options.half and half(case["file"]) != options.half:
            continue
        html = (options.data / case["file"]).read_bytes()
        html = gzip.decompress(html) if case["file"].endswith(".gz") else html
        pages += 1
        with tempfile.NamedTemporaryFile(suffix=".html") as plain:
            plain.write(html)
            plain.flush()
            for name, engine in engines.items():
                found = engine.extract(plain.name, html, case.get("url"))
                kinds, languages = tables[name]
                f1, wrong = score(kinds[f"{case['kind']} {case['source']}"], case, found)
                if case.get("text"):
                    score(languages[case.get("lang") or "?"], case, found)
                if name == "vedetta" and half(case["file"]) == "development":
                    worst.append((f1 if f1 is not None else 1.0 - len(wrong), case["file"], found.get("error"), wrong))
    for name, engine in engines.items():
        kinds, languages = tables[name]
        table(name, kinds)
        table("by language", {lang: row for lang, row in languages.items() if row.texts >= 5})
        print(f"{name}: {pages} pages, {engine.seconds:.2f} CPU seconds, {pages / max(engine.seconds, 1e-9):.0f} pages a CPU second")
    for f1, file, error, wrong in sorted(worst, key=lambda page: page[0])[:options.list]:
        print(f"{f1:6.3f} {file}: {error or ''} {'; '.join(wrong)}")
    missed = [name for name, row in tables["vedetta"][0].items() if row.texts and row.f1() < options.goal]
    for name in missed:
        print(f"{name}: below the goal of {options.goal}", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
