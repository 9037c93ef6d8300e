#!/usr/bin/env python3
"""How fast `vedetta match` is, whether what it finds is right, and how others do on the same articles and topics.

    benches/matching.py DATA [--vedetta target/release/vedetta] [--peers FOLDER] [--lucene JARS] [--svg docs/speed.svg]
    benches/matching.py --quick

DATA is a folder with `topics-N.toml.gz` (rule files), `articles.jsonl.gz` and `matches-N.tsv.gz` (articles of plain words, and
what topics match them: article TAB topic), `articles-raw.jsonl.gz` (articles as they were written, for speed) and, for peers,
`queries-N.jsonl.gz` and `termdf.tsv.gz`. `--quick` needs no data: it makes up articles and topics, works out the matches in
Python, and runs in seconds, so that this script can't rot.

Peers are measured between two measurements of vedetta, so that a machine that gets busier is seen; Lucene and vedetta read the
articles as they were written, Python the plain ones.

Rates are articles per second of processor time (user and system, of the process, as the kernel counts it) on one thread, JSON
read and written. Reading the rules is left out by running over one and over many copies of the articles and taking the
difference; it is told apart. The best of several rounds counts. Needs Python 3.9 and nothing else. Exit code 1 where matches
are wrong.
"""

import argparse
import contextlib
import gzip
import json
import math
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile

SIZES = (1_000, 10_000, 100_000)
CURVE = (100, 300, 1_000, 3_000, 10_000, 30_000, 100_000, 300_000)
# Matches that may be missing: where an article was reduced to plain words, a prefix may have lost its word.
TOLERANCE = 0.001
# Topics beyond which plain Python takes ten seconds and more an article.
MOST_IN_PYTHON = 10_000


# --- running ---------------------------------------------------------------------------------------------------------------


def run(command, output=None, environment=None):
    """Runs a program; gives its processor seconds and what it said on stderr."""
    with tempfile.TemporaryFile() as said, open(output or os.devnull, "wb") as out:
        child = subprocess.Popen([str(part) for part in command], stdout=out, stderr=said, env=environment)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        text = said.read().decode()
        if child.returncode != 0:
            sys.exit(f"{' '.join(map(str, command))} failed with exit code {child.returncode}:\n{text}")
        return usage.ru_utime + usage.ru_stime, text


def match(options, rules, articles, threads=1, output=None):
    """Runs `vedetta match`; gives its processor seconds and its statistics."""
    command = [options.vedetta, "match", "--rules", rules, "--threads", threads, "--stats", articles]
    seconds, said = run(command, output)
    return seconds, json.loads(said.splitlines()[-1])


def rate(options, work, rules, articles):
    """Articles per processor second, with the statistics of the last long run."""
    count = sum(1 for _ in open(articles, "rb"))
    once, long = [], []
    # As many copies as take a good second, and several times as long as reading the rules: what that varies by would otherwise
    # be taken for matching.
    seconds, stats = match(options, rules, articles)
    wanted = max(options.seconds, 5 * stats["load_seconds"])
    copies = 1 + max(2, min(options.copies, math.ceil(wanted / max(stats["match_seconds"], 1e-3))))
    repeated = work / f"{articles.name}-{copies}"
    if not repeated.exists():
        repeated.write_bytes(articles.read_bytes() * copies)
    once.append(seconds)
    for _ in range(options.rounds):
        long.append(match(options, rules, repeated))
        if options.rounds > 1:
            once.append(match(options, rules, articles)[0])
    spent = min(seconds for seconds, _ in long) - min(once)
    return count * (copies - 1) / max(spent, 1e-6), min((stats for _, stats in long), key=lambda stats: stats["load_seconds"])


def two_threads(options, work, rules, articles):
    """How much sooner two threads are done than one, by the clock; the best of several rounds of each."""
    repeated = max(work.glob(f"{articles.name}-*"), key=lambda path: path.stat().st_size, default=articles)
    times = {threads: [] for threads in (1, 2)}
    for _ in range(options.rounds):
        for threads, seconds in times.items():
            seconds.append(match(options, rules, repeated, threads)[1]["match_seconds"])
    return min(times[1]) / max(min(times[2]), 1e-6)


def compare(options, work, rules, articles, expected):
    """The matches that are missing and those that are too many."""
    output = work / "matches.jsonl"
    match(options, rules, articles, output=output)
    with open(output, encoding="utf-8") as lines:
        found = {(line["article"], line["topic"]) for line in map(json.loads, lines)}
    return len(expected - found), len(found - expected)


def is_exact(expected, missing, extra):
    return extra == 0 and missing <= TOLERANCE * len(expected)


# --- data ------------------------------------------------------------------------------------------------------------------


def unzip(source, target):
    if not target.exists():
        with gzip.open(source, "rb") as packed:
            target.write_bytes(packed.read())
    return target


class Topics:
    """Rule files of any number of topics, from the largest one there is."""

    def __init__(self, work, largest, frequencies):
        self.work = work
        self.topics = ["[[topic]]" + topic for topic in largest.read_text(encoding="utf-8").split("[[topic]]")[1:]]
        rows = [row.split("\t") for row in frequencies.read_text(encoding="utf-8").splitlines()] if frequencies else []
        # Words by how many articles hold them: neighbours are about as frequent.
        self.ranked = [row[0] for row in sorted(rows, key=lambda row: (-int(row[1]), row[0]))]
        self.rank = {word: number for number, word in enumerate(self.ranked)}

    def file(self, count):
        """The first `count` topics. Beyond what there is they come again, each word replaced by one about as frequent."""
        target = self.work / f"rules-{count}.toml"
        if count > len(self.topics) and not self.ranked:
            return None
        if not target.exists():
            with open(target, "w", encoding="utf-8") as out:
                for number in range(count):
                    turn, place = divmod(number, len(self.topics))
                    out.write(self.topics[place] if turn == 0 else self.other(self.topics[place], turn))
        return target

    def other(self, topic, turn):
        head, _, query = topic.partition("match = ")
        head = re.sub(r'id = "', f'id = "again{turn}-', head)
        return head + "match = " + re.sub(r"\b[a-z0-9]+\b(\*?)", lambda found: self.like(found, turn), query)

    def like(self, found, turn):
        word = found.group(0)
        if word.isdigit() and found.string[found.start() - 1] == "/":
            return word  # the distance of a NEAR
        rank = self.rank.get(word)
        if rank is None:
            return word
        return self.ranked[min(rank + 7 * turn, len(self.ranked) - 1)]


# --- peers -----------------------------------------------------------------------------------------------------------------


def peers(options, work, count, rules):
    """Articles per processor second of others at so many topics: {name: rate}."""
    rates = {}
    if not options.peers:
        return rates
    queries = syntax_trees(options, work, count, rules)
    if count <= MOST_IN_PYTHON:
        articles = unzip(options.data / "articles.jsonl.gz", work / "articles.jsonl")
        tokens = work / "tokens.tsv"
        with open(articles, encoding="utf-8") as lines, open(tokens, "w", encoding="utf-8") as out:
            for article in map(json.loads, lines):
                out.write("\t".join(article.get(key) or "" for key in ("id", "title", "body")) + "\n")
        for mode, what in (("oracle", "Python, words in a dictionary"), ("regex", "Python, a regular expression per term")):
            most = max(5, 100_000 // count)
            command = [sys.executable, options.peers / "naive_python.py", mode, queries, tokens, "--max", most]
            rates[what] = peer(command)["articles_per_cpu_s"]
    if options.lucene:
        environment = {**os.environ, "LUCENE_JARS": str(options.lucene)}
        articles = unzip(options.data / "articles-raw.jsonl.gz", work / "articles-raw.jsonl")
        frequencies = unzip(options.data / "termdf.tsv.gz", work / "termdf.tsv")
        command = [
            options.peers / "run_lucene.sh", "percolator", f"queries={queries}", f"articles={articles}",
            f"dftable={frequencies}", f"runs={options.rounds}",
        ]
        rates["Lucene percolator (JVM)"] = peer(command, environment)["articles_per_cpu_s"]
    return rates


def syntax_trees(options, work, count, rules):
    """The topics as syntax trees, as the peers read them; made from the rule file where there are none."""
    packed = options.data / f"queries-{count}.jsonl.gz"
    target = work / f"queries-{count}.jsonl"
    if packed.exists():
        return unzip(packed, target)
    if not target.exists():
        topics = re.findall(r'^id = "(.*)"\nmatch = \'\'\'(.*)\'\'\'$', rules.read_text(encoding="utf-8"), re.MULTILINE)
        if len(topics) != count:
            sys.exit(f"{rules} has {len(topics)} topics that could be read, not {count}")
        with open(target, "w", encoding="utf-8") as out:
            for name, query in topics:
                out.write(json.dumps({"id": name, "ast": syntax_tree(query)}) + "\n")
    return target


def syntax_tree(query):
    """A topic of the measured files as a tree: in a pair of brackets stands one kind of operator, NOT at the end."""
    tokens = re.findall(r'"[^"]*"|[()]|[^\s()"]+', query)

    def operand():
        token = tokens.pop(0)
        if token == "(":
            inner = group()
            tokens.pop(0)
            return inner
        if token.endswith("*"):
            return ["pre", token[:-1]]
        words = token.strip('"').split()
        return ["t", words[0]] if len(words) == 1 else ["ph", *words]

    def group():
        parts, operator = [operand()], None
        while tokens and tokens[0] != ")":
            operator = tokens.pop(0)
            if tokens[0] == "NOT":
                tokens.pop(0)
                parts = [["not", parts[0] if len(parts) == 1 else ["and", *parts], operand()]]
                operator = None
            else:
                parts.append(operand())
        if len(parts) == 1:
            return parts[0]
        if operator.startswith("NEAR/"):
            # The peers count the difference of positions, vedetta the words between.
            return ["near", int(operator[len("NEAR/"):]) + 1, *parts]
        return [operator.lower(), *parts]

    return group()


def peer(command, environment=None):
    with tempfile.NamedTemporaryFile() as output:
        run(command, output.name, environment)
        lines = pathlib.Path(output.name).read_text(encoding="utf-8").splitlines()
        return json.loads(next(line for line in reversed(lines) if line.startswith("{")))


# --- made-up data ----------------------------------------------------------------------------------------------------------


class MadeUp:
    """Articles of made-up words, some of them accented or in capitals, and topics, with an evaluator of their own."""

    SYLLABLES = "ba de fi go lu ma ne pi ro sa te vu kra stel mon gri dor vin tal pes lan cor".split()

    def __init__(self, articles, topics):
        self.random = random.Random(7)
        self.words = sorted({self.word() for _ in range(4_000)})
        self.random.shuffle(self.words)
        self.articles = [
            (f"a{number}", [self.text(self.random.randint(3, 12)), self.text(self.random.randint(30, 400))])
            for number in range(articles)
        ]
        self.topics = [(f"t{number}", self.query()) for number in range(topics)]

    def word(self):
        return "".join(self.random.choice(self.SYLLABLES) for _ in range(self.random.randint(2, 4)))

    def some(self):
        # As in any language, a few words are frequent and most are rare.
        return self.words[int(len(self.words) ** (self.random.random() ** 0.6)) - 1]

    def text(self, length):
        return [self.some() for _ in range(length)]

    def term(self):
        """A word that is not among the most frequent, or two words, the first of them so."""
        rare = self.words[self.random.randrange(60, len(self.words))]
        return ("phrase", [rare, self.some()] if self.random.random() < 0.2 else [rare])

    def group(self):
        return ("or", [self.term() for _ in range(self.random.randint(1, 4))])

    def query(self):
        kind = self.random.randrange(5)
        if kind == 0:
            return ("and", [self.group() for _ in range(self.random.randint(2, 3))])
        if kind == 1:
            return ("near", self.random.randint(2, 12), self.group(), self.group())
        if kind == 2:
            return ("and", [self.group(), ("not", self.group())])
        if kind == 3:
            return ("or", [("prefix", self.term()[1][0][:5]), self.group()])
        return self.group()

    def rule(self, x):
        if x[0] == "phrase":
            return f'"{" ".join(x[1])}"'
        if x[0] == "prefix":
            return f"{x[1]}*"
        if x[0] == "not":
            return f"NOT {self.rule(x[1])}"
        if x[0] == "near":
            return f"({self.rule(x[2])} NEAR/{x[1]} {self.rule(x[3])})"
        return "(" + f" {x[0].upper()} ".join(map(self.rule, x[1])) + ")"

    def spans(self, x, fields):
        if x[0] == "or":
            return [span for part in x[1] for span in self.spans(part, fields)]
        wanted = x[1]
        return [
            (number, at, at + len(wanted))
            for number, words in enumerate(fields)
            for at in range(len(words) - len(wanted) + 1)
            if words[at : at + len(wanted)] == wanted
        ]

    def holds(self, x, fields):
        if x[0] == "and":
            return all(self.holds(part, fields) for part in x[1])
        if x[0] == "not":
            return not self.holds(x[1], fields)
        if x[0] == "prefix":
            return any(word.startswith(x[1]) for words in fields for word in words)
        if x[0] == "or":
            return any(self.holds(part, fields) for part in x[1])
        if x[0] == "near":
            return any(
                a[0] == b[0] and max(a[2], b[2]) - min(a[1], b[1]) - (a[2] - a[1]) - (b[2] - b[1]) <= x[1]
                for a in self.spans(x[2], fields)
                for b in self.spans(x[3], fields)
            )
        return bool(self.spans(x, fields))

    def dress(self, word):
        """The same word as it might be printed."""
        way = self.random.randrange(12)
        if way == 0:
            return word.upper()
        if way == 1:
            return word.capitalize().replace("e", "é").replace("o", "ö")
        return word + ("," if way == 2 else "")

    def write(self, work):
        """Rule file, articles, and what must be found."""
        rules, articles = work / "topics.toml", work / "articles.jsonl"
        with open(rules, "w", encoding="utf-8") as out:
            for name, query in self.topics:
                out.write(f"[[topic]]\nid = \"{name}\"\nmatch = '''{self.rule(query)}'''\n\n")
        with open(articles, "w", encoding="utf-8") as out:
            for name, fields in self.articles:
                title, body = (" ".join(map(self.dress, words)) for words in fields)
                out.write(json.dumps({"id": name, "title": title, "body": body}, ensure_ascii=False) + "\n")
        expected = {
            (name, topic) for name, fields in self.articles for topic, query in self.topics if self.holds(query, fields)
        }
        return rules, articles, expected


# --- telling ---------------------------------------------------------------------------------------------------------------


def table(head, rows):
    widths = [max(len(str(row[column])) for row in [head, *rows]) for column in range(len(head))]
    for at, row in enumerate([head, ["-" * (width - 1) + ":" for width in widths], *rows]):
        cells = (str(cell).rjust(width) for cell, width in zip(row, widths))
        print("| " + " | ".join(cells) + " |")
    print(flush=True)


def number(value):
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"


def plot(path, curve, limit, others):
    """Articles per processor second against topics, both logarithmic, as SVG."""
    width, height, left, right, top, bottom = 860, 480, 84, 210, 66, 62
    colours = ["#1a5fb4", "#a2541b", "#6b4aa0", "#2b7a4b"]
    series = [("vedetta", curve), *others.items()]
    rates = [limit, *(rate for _, points in series for rate in points.values())]
    low, high = 10 ** math.floor(math.log10(min(rates))), max(rates) * 1.35
    first, last = min(curve), max(curve)

    def x(topics):
        return left + (width - left - right) * math.log(topics / first) / math.log(last / first)

    def y(rate):
        return height - bottom - (height - top - bottom) * math.log(rate / low) / math.log(high / low)

    def text(at_x, at_y, words, anchor="start", colour="#333", size=13, weight="normal"):
        return (
            f'<text x="{at_x:.1f}" y="{at_y:.1f}" text-anchor="{anchor}" fill="{colour}" font-size="{size}" '
            f'font-weight="{weight}">{words}</text>'
        )

    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        'font-family="DejaVu Sans, Helvetica, Arial, sans-serif" role="img">',
        "<title>Articles matched per second of processor time against the number of topics</title>",
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
        text(left, 28, "Articles matched per second of processor time", size=16, weight="bold"),
        text(left, 48, "real news articles, JSON in and out, one thread; both axes logarithmic", colour="#666"),
    ]
    decade = low
    while decade <= high:
        for factor in (1, 3):
            if low <= decade * factor <= high:
                at = y(decade * factor)
                out.append(f'<path d="M{left} {at:.1f}H{width - right}" stroke="#e3e3e3"/>')
                out.append(text(left - 10, at + 4.5, number(decade * factor), "end", "#555"))
        decade *= 10
    for topics in curve:
        label = f"{topics // 1000}k" if topics >= 1000 else topics
        out.append(f'<path d="M{x(topics):.1f} {height - bottom}v6" stroke="#888"/>')
        out.append(text(x(topics), height - bottom + 22, label, "middle", "#555"))
    out.append(f'<path d="M{left} {height - bottom}H{width - right}" stroke="#888"/>')
    out.append(text((left + width - right) / 2, height - 16, "topics", "middle", "#333"))
    at = y(limit)
    out.append(f'<path d="M{left} {at:.1f}H{width - right}" stroke="#777" stroke-width="1.5" stroke-dasharray="6 5"/>')
    labels = [(at, "limit: reading only", f"{number(limit)} a second", "#666")]
    for (name, points), colour in zip(series, colours):
        line = " ".join(f"{x(topics):.1f},{y(rate):.1f}" for topics, rate in sorted(points.items()))
        out.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2.5" stroke-linejoin="round"/>')
        for topics, rate in points.items():
            out.append(f'<circle cx="{x(topics):.1f}" cy="{y(rate):.1f}" r="4" fill="{colour}"/>')
        if name == "vedetta":
            for topics, rate in points.items():
                out.append(text(x(topics), y(rate) + 20, number(rate), "start" if topics == first else "middle", colour, 11))
            labels.append((y(points[max(points)]), name, "", colour))
        else:
            last_topics = max(points)
            out.append(text(x(last_topics) + 10, y(points[last_topics]) + 4.5, name, "start", colour, 12))
    labels.sort()
    for place, (at, name, below, colour) in enumerate(labels):
        if place and at - labels[place - 1][0] < 32:
            at = labels[place - 1][0] + 32
            labels[place] = (at, name, below, colour)
        out.append(text(width - right + 12, at + 4.5, name, "start", colour, 13, "bold"))
        if below:
            out.append(text(width - right + 12, at + 20, below, "start", colour, 12))
    out.append("</svg>")
    path.write_text("\n".join(out) + "\n", encoding="utf-8")


def quick(options, work):
    tree = ["not", ["and", ["or", ["ph", "a", "b"], ["pre", "c"]], ["near", 5, ["t", "d"], ["t", "e"]]], ["t", "f"]]
    if syntax_tree('(("a b" OR c*) AND (d NEAR/4 e)) AND NOT f') != tree:
        sys.exit("topics are not read as they are for the peers")
    rules, articles, expected = MadeUp(200, 400).write(work)
    missing, extra = compare(options, work, rules, articles, expected)
    per_second, stats = rate(options, work, rules, articles)
    ratio = two_threads(options, work, rules, articles)
    plot(work / "speed.svg", {100: per_second, 400: per_second}, per_second, {})
    print(
        f"made-up data: {len(expected):,} matches, {missing} missing, {extra} too many; {number(per_second)} articles per"
        f" processor second at {stats['topics']} topics; two threads {ratio:.2f} times as fast"
    )
    return 0 if expected and missing == 0 and extra == 0 else 1


def full(options, work):
    articles = unzip(options.data / "articles-raw.jsonl.gz", work / "articles-raw.jsonl")
    plain = unzip(options.data / "articles.jsonl.gz", work / "articles.jsonl")
    sizes = [count for count in SIZES if (options.data / f"topics-{count}.toml.gz").exists()]
    if not sizes:
        sys.exit(f"{options.data} has no topics-N.toml.gz; nothing was measured")
    packed = options.data / "termdf.tsv.gz"
    frequencies = unzip(packed, work / "termdf.tsv") if packed.exists() else None
    topics = Topics(work, unzip(options.data / f"topics-{sizes[-1]}.toml.gz", work / "largest.toml"), frequencies)
    nothing = work / "nothing.toml"
    nothing.write_text('[[topic]]\nid = "none"\nmatch = "qqzzxxqqzz"\n', encoding="utf-8")
    print(f"load average before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors\n", flush=True)

    limit, stats = rate(options, work, nothing, articles)
    exact, rows, curve, others = True, [], {}, {}
    rows.append(["reading only", "", number(limit), "1.00", f"{two_threads(options, work, nothing, articles):.2f}",
                 f"{stats['load_seconds']:.2f}", number(stats["peak_rss_bytes"] / 2**20)])
    for count in sizes:
        rules = unzip(options.data / f"topics-{count}.toml.gz", work / f"topics-{count}.toml")
        pairs = unzip(options.data / f"matches-{count}.tsv.gz", work / f"matches-{count}.tsv")
        expected = {tuple(line.split("\t")) for line in pairs.read_text(encoding="utf-8").splitlines()}
        missing, extra = compare(options, work, rules, plain, expected)
        exact &= is_exact(expected, missing, extra)
        curve[count], stats = rate(options, work, rules, articles)
        ratio = two_threads(options, work, rules, articles)
        of_peers = peers(options, work, count, rules)
        if of_peers:
            again = rate(options, work, rules, articles)[0]
            print(f"{count:,} topics: {number(curve[count])} before the peers, {number(again)} after them", flush=True)
            curve[count] = (curve[count] + again) / 2
        for name, of_peer in of_peers.items():
            others.setdefault(name, {})[count] = of_peer
        rows.append([f"{count:,}", f"{len(expected):,} (-{missing} +{extra})", number(curve[count]),
                     f"{curve[count] / limit:.2f}", f"{ratio:.2f}", f"{stats['load_seconds']:.2f}",
                     number(stats["peak_rss_bytes"] / 2**20)])
    table(["topics", "matches (missing, extra)", "articles/CPU-s", "of reading only", "two threads", "load s", "peak MiB"], rows)

    counts = sorted({count for rates in others.values() for count in rates})
    lines = [
        [name, *(number(rates[count]) if count in rates else "-" for count in counts),
         *(f"{curve[count] / rates[count]:,.0f}" if count in rates else "-" for count in counts)]
        for name, rates in others.items()
    ]
    if lines:
        heads = [f"articles/CPU-s at {count:,}" for count in counts] + [f"vedetta is times as fast at {count:,}" for count in counts]
        table(["peer", *heads], lines)

    if options.svg:
        for count in CURVE:
            rules = topics.file(count)
            if count not in curve and rules is not None:
                curve[count], stats = rate(options, work, rules, articles)
        curve = dict(sorted(curve.items()))
        table(["topics", "articles/CPU-s"], [[f"{count:,}", number(value)] for count, value in curve.items()])
        plot(options.svg, curve, limit, others)
    print(f"load average after: {os.getloadavg()[0]:.1f}; matches are {'right' if exact else 'WRONG'}")
    return 0 if exact else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=pathlib.Path, nargs="?")
    parser.add_argument("--quick", action="store_true", help="made-up data, a few seconds")
    parser.add_argument("--vedetta", default="target/release/vedetta")
    parser.add_argument("--peers", type=pathlib.Path, help="folder with naive_python.py and run_lucene.sh")
    parser.add_argument("--lucene", type=pathlib.Path, help="folder with Lucene's jars; without it Lucene is left out")
    parser.add_argument("--svg", type=pathlib.Path, help="measure more numbers of topics, and draw them here")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.5, help="how long a measured run should take at least")
    parser.add_argument("--copies", type=int, default=30, help="at most so many copies of the articles")
    parser.add_argument("--work", type=pathlib.Path, help="where unpacked data may stay [default: a temporary folder]")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.seconds, options.copies = 1, 0.2, 5
    elif options.data is None or not options.data.is_dir():
        sys.exit(f"{options.data or 'DATA'} is not a folder; nothing was measured")
    if not pathlib.Path(options.vedetta).exists():
        sys.exit(f"{options.vedetta} is not there: build it with `cargo build --release`")
    with contextlib.ExitStack() as stack:
        work = options.work or pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        work.mkdir(parents=True, exist_ok=True)
        return quick(options, work) if options.quick else full(options, work)


if __name__ == "__main__":
    sys.exit(main())
