use proptest::prelude::*;

use super::*;

fn read(html: &str) -> Balanced {
    Balanced::read(html, &Budget::unlimited())
}

fn body(html: &str) -> String {
    read(html).body
}

#[test]
fn every_tag_is_closed_in_its_place() {
    for (html, expected) in [
        ("<p>uno<p>due", "<p>uno</p><p>due</p>"),
        ("<ul><li>a<li><b>b</ul>c", "<ul><li>a</li><li><b>b</b></li></ul>c"),
        ("<div><span>x</div>y</span>", "<div><span>x</span></div>y"),
        ("<table><tr><td>1<td>2<tr><td>3</table>", "<table><tr><td>1</td><td>2</td></tr><tr><td>3</td></tr></table>"),
        ("<a href=x>uno<a href='y'>due</a>", "<a href=\"x\">uno</a><a href=\"y\">due</a>"),
        ("</div></p>x<br/></br>", "x<br><br>"),
        ("<b><p>x</b>y</p>", "<b><p>xy</p></b>"),
        ("<td></div>x</td>", "<td>x</td>"),
        ("a<div/>b", "a<div>b</div>"),
        ("5 < 6 &amp; 7", "5 &lt; 6 &amp; 7"),
    ] {
        assert_eq!(body(html), expected, "{html}");
    }
}

#[test]
fn what_is_no_text_is_left_out() {
    assert_eq!(
        body(
            "a<script>'</p>' < 1</script>b<style>p{}</style><svg><title>t</title><g/></svg><!-- <p> -->c<noscript><p>x</noscript><select><option>1</select>d"
        ),
        "abcd"
    );
    assert_eq!(body("a<svg>b"), "ab");
    assert_eq!(body("a<form><input><label>Search</label></form>b"), "ab");
    let page = format!("<form><p>{}</p></form>", "parole ".repeat(2_000));
    assert!(body(&page).starts_with("<div><p>parole"));
    assert_eq!(
        body("<p onclick='x' class=\"a&quot;b\" data-x=1 a\"b=2>y</p>"),
        "<p class=\"a&quot;b\" data-x=\"1\">y</p>"
    );
}

#[test]
fn the_head_keeps_its_title_and_metas() {
    let html = read(
        "<html lang=it><head><title>Uno &amp; <due></title><meta name=author content='\"Anna\"' onclick=x><link href=x>\
         <script>{\"a\": \"</p>\"}</script></head><body><svg><title>no</title></svg><title>no</title>x",
    );
    assert_eq!(html.head, "<title>Uno &amp; &lt;due&gt;</title><meta name=\"author\" content=\"&quot;Anna&quot;\">");
    assert_eq!(html.body, "x");
}

#[test]
fn depth_attributes_and_length_are_bounded() {
    let deep = |tag: &str| tag.repeat(100_000);
    for html in [
        deep("<div>"),
        deep("<x/>"),
        deep("<b>"),
        deep("<div></x>"),
        format!("<svg><style>{}", deep("<g>")),
        format!("<object>{}", deep("<div>")),
        format!("<svg>{}", deep("<td>")),
        format!("<p {}>", "a=1 ".repeat(200_000)),
        "<table><tr><td>".repeat(50_000),
        "<a href='x'><p>".repeat(50_000),
        "<p><b><font color=1>".repeat(50_000),
        "x".repeat(3_000_000),
    ] {
        let read = read(&html);
        assert!(deepest(&read.body) <= MAX_DEPTH, "{}", &html[..40.min(html.len())]);
        assert!(read.body.len() < 8 * 1024 * 1024);
    }
    for html in [
        "<".repeat(1_000_000),
        "<a b='".repeat(200_000),
        "</".repeat(500_000),
        "<script>".repeat(200_000),
        "<svg>".repeat(200_000),
        "<title>".repeat(200_000),
        "<!--".repeat(300_000),
        "<a ".repeat(300_000),
    ] {
        let _ = read(&html);
    }
}

/// Counts in the written subset, where every start has its end.
fn deepest(html: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    for piece in html.split('<').skip(1) {
        if piece.starts_with('/') {
            depth -= 1;
        } else if !["!", "br", "hr", "wbr"].iter().any(|void| piece.starts_with(void)) {
            depth += 1;
            deepest = deepest.max(depth);
        }
    }
    assert_eq!(depth, 0, "balanced");
    deepest
}

proptest! {
    #[test]
    fn any_markup_comes_out_balanced(
        pieces in proptest::collection::vec(prop_oneof![
            Just("<div>"), Just("</div>"), Just("<p>"), Just("</p>"), Just("<b class='x'>"), Just("</b>"), Just("<a href=1>"),
            Just("</a>"), Just("<table>"), Just("<tr>"), Just("<td>"), Just("</td>"), Just("</table>"), Just("<li>"),
            Just("<ul>"), Just("</ul>"), Just("<h1>"), Just("</h2>"), Just("<form>"), Just("</form>"), Just("x"), Just("<"),
            Just("<svg>"), Just("</svg>"), Just("<br>"), Just("<a b=\"c"), Just("'>"), Just("é & <"), Just("<!--"), Just("-->"),
        ], 0..60)
    ) {
        deepest(&read(&pieces.concat()).body);
    }
}
