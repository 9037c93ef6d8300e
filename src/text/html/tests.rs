use proptest::prelude::*;

use super::*;

#[test]
fn paragraphs_stay_apart_and_inline_tags_vanish() {
    assert_eq!(
        html_to_text("<p>La <b>difesa</b> aerea.</p>\n<p>Il radar<br>di terra</p><ul><li>uno</li><li>due</li></ul>"),
        "La difesa aerea.\n\nIl radar\ndi terra\n\nuno\n\ndue"
    );
    assert_eq!(html_to_text("导弹<em>防御</em>系统"), "导弹防御系统");
    assert_eq!(html_to_text("<td>Россия</td><td>Китай</td>"), "Россия Китай");
}

#[test]
fn scripts_styles_and_comments_are_not_text() {
    let html =
        "a<script>if (1 < 2) alert('</p>')</script> b<style>p{}</style><!-- c > d --> e<svg><text>f</text></svg>g";
    assert_eq!(html_to_text(html), "a b eg");
    assert_eq!(html_to_text("before<!-- never closed"), "before");
    assert_eq!(html_to_text("x <script>never closed"), "x");
    assert_eq!(
        html_to_text("Радар <object data=r.swf>у <iframe>границы <select><b>сегодня</b>"),
        "Радар у\n\nграницы сегодня"
    );
    assert_eq!(html_to_text("a <iframe>b</iframe>c <iframe>d"), "a\n\nc\n\nd");
}

#[test]
fn a_name_in_angle_brackets_is_a_word_and_markup_is_none() {
    for (text, line) in [
        ("How the <video> tag works", "How the <video> tag works"),
        ("방탄소년단 <BTS> 공연", "방탄소년단 <BTS> 공연"),
        ("5 < 6,\n a > b", "5 < 6, a > b"),
        ("AT&T e <i>La difesa</i>", "AT&T e La difesa"),
        ("L&#8217;accordo <nuovo>", "L’accordo"),
        ("导弹<br>防御", "导弹 防御"),
        ("Il <a href='x'>radar", "Il radar"),
        ("Uno <b>due", "Uno due"),
        ("safe<object classid=\"x\"> description", "safe description"),
    ] {
        assert_eq!(plain_to_line(text), line, "{text}");
    }
    assert_eq!(plain_to_text("Uno\n\nT<sub> e <X>"), "Uno T e");
    assert_eq!(plain_to_text("Uno\n\ndue <X>"), "Uno\n\ndue <X>");
}

#[test]
fn entities_are_read_once_twice_and_without_semicolon() {
    assert_eq!(html_to_text("Tom &amp; Jerry&nbsp;&#8211; caf&eacute; &#x41;&#151;"), "Tom & Jerry – café A—");
    assert_eq!(html_to_text("&lt;p&gt;Uno&lt;/p&gt;&lt;p&gt;Due &amp;amp; tre&lt;/p&gt;"), "Uno\n\nDue & tre");
    assert_eq!(html_to_text("R&amp;amp;D"), "R&D");
    assert_eq!(
        html_to_text("AT&T &unknown; 3 &lt 4 https://example.org/?a=1&copy=2"),
        "AT&T &unknown; 3 < 4 https://example.org/?a=1&copy=2"
    );
}

#[test]
fn a_bare_less_than_sign_is_text() {
    assert_eq!(html_to_text("5 < 6 and <3"), "5 < 6 and <3");
    assert_eq!(html_to_text("a<"), "a<");
    assert_eq!(html_to_text("cut <a href=\"x"), "cut");
    assert_eq!(html_to_text("<a title=\"1 > 0\" href='x'>link</a>"), "link");
    assert_eq!(html_to_text("<p>it's <b title=>bold's</b> fine</p>"), "it's bold's fine");
}

#[test]
fn plain_text_keeps_its_blank_lines_and_loses_invisible_characters() {
    assert_eq!(
        html_to_text("  One\n line.\r\n\r\nTwo\u{a0}words co\u{ad}operate\u{feff} \u{0}"),
        "One line.\n\nTwo words cooperate"
    );
    assert_eq!(html_to_line("<h1>One</h1>\n<p>two</p>"), "One two");
    assert_eq!(html_to_text("می‌شود"), "می‌شود");
    assert_eq!(html_to_text("don\u{92}t"), "don’t");
}

#[test]
fn hostile_input_takes_linear_time_and_is_kept_from_the_parser() {
    let flooded = format!("<p {}>y</p>", "a=1 ".repeat(200_000));
    assert_eq!(html_to_text(&flooded), "y");
    assert_eq!(sanitise_html(&flooded), "<p>y</p>");
    // What the parser would take minutes for: ends that it ignores, foreign and hidden content, slashes that don't close.
    for tag in ["<div>", "<div></x>", "<x/>", "<b>", "<object><div>", "<svg><style><g>", "<font color=1><p>z"] {
        let html = tag.repeat(50_000) + "x";
        assert!(sanitise_html(&html).len() < 2 * 1024 * 1024, "{tag}");
    }
    for tag in ["<object>", "<svg><td>", "<select>", "<template>"] {
        let html = format!("{tag}{}x", "<div></x>".repeat(50_000));
        assert!(html_to_text(&html).len() < 2 && sanitise_html(&html).len() < 2 * 1024, "{tag}");
    }
    for html in [
        "<".repeat(1_000_000),
        "<a b='".repeat(200_000),
        "</".repeat(500_000),
        "&".repeat(1_000_000),
        "<script>".repeat(200_000),
        "<object><svg>".repeat(200_000),
        "<!--".repeat(300_000),
    ] {
        let _ = html_to_text(&html);
        let _ = plain_to_text(&html);
    }
}

#[test]
fn shown_html_holds_no_scripts_handlers_or_images() {
    let html = "<p onclick='x()'>Ciao <a href='javascript:alert(1)'>qui</a> <a href='https://example.org'>là</a><img src=x onerror=y><script>z</script></p>";
    assert_eq!(
        sanitise_html(html),
        "<p>Ciao <a rel=\"noopener noreferrer\">qui</a> <a href=\"https://example.org\" rel=\"noopener noreferrer\">là</a></p>"
    );
}

proptest! {
    #[test]
    fn any_text_is_survived_and_comes_out_tidy(html in "[<>/a-c &;#'\"=!-x0-9\n\u{a0}é中]{0,200}") {
        let text = html_to_text(&html);
        prop_assert_eq!(text.trim(), text.as_str());
        prop_assert!(!text.contains("\n\n\n"));
    }
}
