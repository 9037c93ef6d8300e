#!/bin/sh
# Draws docs/mail.png, docs/mail-digest.png and docs/mail-phone.png: sample mails as a mail client shows them.
#
# The mails are the golden files of the tests (src/notify/golden), so the pictures show what the code makes; the frame
# around them, with subject and sender, is this script's. Needs chromium and fonts for the scripts shown (Debian:
# chromium fonts-noto-core fonts-noto-cjk); with pngquant the pictures are sharper at the same size. Uses no network.
set -eu
cd "$(dirname "$0")"
golden=../src/notify/golden
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome) || {
    echo "make-mail-picture: chromium is not installed" >&2
    exit 3
}
scale=1
if command -v pngquant >/dev/null; then scale=2; fi

# A golden file without its head.
golden_text() { awk 'heads < 2 { if ($0 == "---") heads++; next } { print }' "$golden/$1.snap"; }

browse() {
    "$chromium" --headless --no-sandbox --disable-gpu --disable-background-networking --disable-component-update \
        --disable-sync --no-first-run --hide-scrollbars --user-data-dir="$work/profile" "$@" 2>/dev/null
}

escape() { sed 's/&/\&amp;/g; s/</\&lt;/g; s/"/\&quot;/g'; }

# draw NAME SAMPLE WIDTH: a frame of WIDTH pixels with the sample's mail in it.
draw() {
    page=$work/$1.html
    subject=$(golden_text "mail-$2.txt" | head -n 1 | escape)
    {
        cat <<HTML
<!doctype html><meta charset="utf-8"><title>0</title>
<style>
* { box-sizing: border-box }
body { margin: 0; background: #fff; font-family: 'Noto Sans', sans-serif }
main { width: $3px; border: 1px solid #c9d1d9; border-radius: 8px; overflow: hidden }
header { padding: 14px 20px; border-bottom: 1px solid #dde3e9 }
h1 { margin: 0 0 8px; font-size: 17px; line-height: 1.35; font-weight: 600; color: #12181f }
p { display: flex; align-items: center; gap: 10px; margin: 0; font-size: 13px; line-height: 18px; color: #5b6773 }
i { flex: none; width: 32px; height: 32px; border-radius: 16px; background: #1f5fa8; color: #fff; font: 600 15px/32px 'Noto Sans', sans-serif; text-align: center }
b { color: #12181f }
time { margin-left: auto; white-space: nowrap }
iframe { display: block; width: 100%; border: 0 }
</style>
<main><header><h1 dir="auto">$subject</h1>
<p><i>v</i><span><b>vedetta</b> &lt;vedetta@example.org&gt;<br>to desk@example.org</span><time>14:05</time></p></header>
HTML
        printf '<iframe scrolling="no" srcdoc="'
        golden_text "mail-$2.html" | sed 's/&/\&amp;/g; s/"/\&quot;/g'
        cat <<'HTML'
"></iframe></main>
<script>
const frame = document.querySelector('iframe');
frame.onload = () => {
  frame.style.height = frame.contentDocument.body.scrollHeight + 'px';
  document.title = Math.ceil(document.querySelector('main').getBoundingClientRect().height);
};
</script>
HTML
    } >"$page"
    height=$(browse --window-size=1000,4000 --dump-dom "file://$page" | sed -n 's/.*<title>\([0-9]*\)<.*/\1/p')
    browse --window-size="$3,$height" --force-device-scale-factor="$scale" --screenshot="$work/$1.png" "file://$page"
    if [ "$scale" = 2 ]; then
        pngquant --force --quality 60-90 --strip --output "$work/$1.png" "$work/$1.png"
    fi
    mv "$work/$1.png" "$1.png"
    echo "docs/$1.png: $3 × $height, $(wc -c <"$1.png") bytes"
}

draw mail italian 720
draw mail-digest digest 720
draw mail-phone arabic 400
