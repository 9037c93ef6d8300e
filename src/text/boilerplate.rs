//! What the markup says an element is for.
//!
//! In: an element's name and attributes. Out: whether it is part of what is read, surely not, or probably not. Pages say it
//! in HTML's own elements, in ARIA's roles, and in class names, which are English in most of the world and follow a few
//! habits. A class name is cut into its words (`ArticleRelated__box-3x` is `article related box 3x`) and words are compared
//! as wholes: `ad` is an advertisement, `header-shadow` is none.

use super::html::attributes;

/// What an element is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Purpose {
    /// The markup calls it the article's text.
    Body,
    /// It calls it an article, the main part, a story.
    Article,
    /// It calls it the article's opening: a standfirst, a summary.
    Standfirst,
    /// It says nothing.
    Unknown,
    /// Beside the article: teasers, boxes, advertisements; whoever calls half of the page so is not believed.
    Aside,
    /// Never read as the article: navigation, captions, forms, what is hidden.
    Never,
}

/// What an element is for, by its name and attributes. Without `trusts_names`, what its author called it does not count.
pub(super) fn purpose(name: &[u8], inside: &str, trusts_names: bool) -> Purpose {
    let by_name = match name {
        b"nav" | b"figcaption" | b"figure" | b"form" | b"button" | b"dialog" | b"menu" | b"label" | b"fieldset"
        | b"picture" | b"input" | b"progress" | b"meter" | b"legend" | b"amp-ad" | b"marquee" => Purpose::Never,
        b"aside" | b"footer" => Purpose::Aside,
        b"article" | b"main" => Purpose::Article,
        _ => Purpose::Unknown,
    };
    if by_name == Purpose::Never || inside.is_empty() {
        return by_name;
    }
    // Embedded posts are quotes, whatever the network that they came from is called.
    let is_quote = matches!(name, b"blockquote" | b"q");
    let mut purpose = by_name;
    let (mut hidden, mut streamed) = (false, false);
    let mut say = |said: Purpose| {
        purpose = match (purpose, said) {
            (_, Purpose::Unknown) => purpose,
            (Purpose::Unknown, said) => said,
            // Against is stronger than for, surely than probably.
            (before, said) => {
                if before >= Purpose::Aside || said >= Purpose::Aside {
                    before.max(said)
                } else {
                    before.min(said)
                }
            }
        };
    };
    for (key, value) in attributes(inside) {
        // What React sends late stands hidden under such a name, until a script puts it in its place.
        streamed |= key == "id" && value.starts_with("S:");
        match key {
            "class" | "id" if is_quote || !trusts_names => {}
            "class" | "id" | "data-component" | "data-testid" | "data-module" | "data-type" | "data-area" => {
                say(by_words(&value, name));
            }
            "role" => say(match value.trim() {
                "navigation" | "banner" | "contentinfo" | "search" | "dialog" | "alertdialog" | "menu" | "menubar"
                | "toolbar" | "button" | "tooltip" => Purpose::Never,
                "complementary" | "note" => Purpose::Aside,
                "main" | "article" => Purpose::Article,
                _ => Purpose::Unknown,
            }),
            "itemprop" => say(match value.trim() {
                "articleBody" => Purpose::Body,
                "description" | "alternativeHeadline" => Purpose::Standfirst,
                "caption" | "comment" | "author" | "publisher" | "copyrightHolder" => Purpose::Never,
                _ => Purpose::Unknown,
            }),
            "hidden" => hidden = true,
            "aria-hidden" if value.trim() == "true" => say(Purpose::Aside),
            "style" if hides(&value) => say(Purpose::Aside),
            "aria-label" | "aria-roledescription" if by_words(&value, name) >= Purpose::Aside => say(Purpose::Aside),
            _ => {}
        }
    }
    if hidden && !streamed {
        say(Purpose::Aside);
    }
    purpose
}

fn hides(style: &str) -> bool {
    let style: String = style.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_ascii_lowercase();
    // Far outside the window is where link sellers put their wares.
    style.contains("display:none")
        || style.contains("visibility:hidden")
        || style.contains("left:-999")
        || style.contains("text-indent:-999")
}

/// Most of these words in a class name; longer ones belong to frameworks that write styles there.
const MOST_WORDS: usize = 48;

fn by_words(value: &str, name: &[u8]) -> Purpose {
    // WordPress writes an article's categories and tags beside its class: `hentry category-newsletter tag-comments`.
    if value.contains("hentry") || value.contains("status-publish") {
        return Purpose::Article;
    }
    let mut purpose = Purpose::Unknown;
    let mut before = String::new();
    for class in value.split_ascii_whitespace().take(MOST_WORDS) {
        // `has-sidebar`, `no-comments`, `with-newsletter`, `md:hidden`: of the layout, not of the element.
        if class.contains([':', '[', '{', '%']) {
            continue;
        }
        before.clear();
        let mut speaks_of_others = false;
        for word in words(class) {
            if matches!(word.as_str(), "has" | "no" | "with" | "without" | "js" | "is" | "not" | "hide" | "show") {
                speaks_of_others = true;
            }
            let said = if speaks_of_others { Purpose::Unknown } else { by_word(&before, &word, name) };
            if said != Purpose::Unknown
                && (purpose == Purpose::Unknown
                    || said > purpose && said >= Purpose::Aside
                    || said < purpose && purpose < Purpose::Aside)
            {
                purpose = said;
            }
            before = word;
        }
        if is_hidden_class(class) && purpose < Purpose::Aside {
            purpose = Purpose::Aside;
        }
    }
    purpose
}

fn is_hidden_class(class: &str) -> bool {
    matches!(
        class,
        "hidden"
            | "hide"
            | "visually-hidden"
            | "visuallyhidden"
            | "sr-only"
            | "screen-reader-text"
            | "noprint"
            | "u-hidden"
            | "is-hidden"
            | "d-none"
            | "element-invisible"
            | "a11y-hidden"
            | "screenreader-only"
    )
}

/// Cuts `articleRelated__Box-3x` into `article`, `related`, `box`, `3x`.
fn words(class: &str) -> impl Iterator<Item = String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut last_is_lower = false;
    for c in class.chars().take(200) {
        if !c.is_alphanumeric() {
            if !word.is_empty() {
                words.push(std::mem::take(&mut word));
            }
            last_is_lower = false;
            continue;
        }
        if c.is_uppercase() && last_is_lower && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        last_is_lower = c.is_lowercase() || c.is_numeric();
        word.extend(c.to_lowercase());
    }
    if !word.is_empty() {
        words.push(word);
    }
    words.into_iter()
}

fn by_word(before: &str, word: &str, name: &[u8]) -> Purpose {
    // Two words that say more than each of them.
    match (before, word) {
        (
            "article" | "story" | "post" | "entry" | "news" | "content" | "page" | "art" | "single" | "detail",
            "body" | "text" | "content" | "copy" | "bodytext" | "main",
        )
        | ("body", "text" | "content" | "copy" | "article")
        | ("main", "text" | "content" | "body" | "article")
        | ("text", "body" | "content" | "article")
        | ("rich", "text")
        | ("field", "body") => return Purpose::Body,
        ("read" | "see" | "learn", "more" | "also" | "next")
        | ("more", "stories" | "news" | "articles" | "on" | "from" | "links")
        | ("most", "read" | "popular" | "viewed" | "shared" | "commented")
        | ("also", "read" | "on" | "like")
        | ("you", "may" | "might")
        | ("up", "next")
        | ("next" | "previous" | "prev", "article" | "story" | "post" | "posts" | "up")
        | ("latest", "news" | "stories" | "articles" | "posts")
        | ("top", "stories" | "news" | "articles")
        | ("trending", "stories" | "now" | "news")
        | ("editors" | "editor", "picks" | "pick" | "choice")
        | ("in", "article" | "read")
            if word != "article" =>
        {
            return Purpose::Aside;
        }
        ("sign", "up" | "in")
        | ("log", "in")
        | ("pay", "wall")
        | ("read", "time")
        | ("reading", "time")
        | ("audio", "player")
        | (
            "image" | "photo" | "picture" | "img" | "media" | "video" | "gallery",
            "caption" | "credit" | "copyright" | "description" | "title" | "source" | "info" | "meta" | "text",
        )
        | ("follow", "us")
        | ("bread", "crumb" | "crumbs")
        | ("skip", "link" | "links" | "to")
        | ("time", "stamp")
        | ("back", "to")
        | ("print", "only")
        | ("text", "to") => return Purpose::Never,
        (
            "article" | "story" | "post" | "entry",
            "summary" | "intro" | "lead" | "lede" | "excerpt" | "description" | "abstract" | "subtitle" | "subheadline"
            | "subhead" | "dek" | "deck",
        ) => {
            return Purpose::Standfirst;
        }
        _ => {}
    }
    match word {
        "nav" | "navbar" | "navigation" | "navi" | "subnav" | "breadcrumb" | "breadcrumbs" | "menu" | "submenu"
        | "toolbar" | "topbar" | "cookie" | "cookies" | "consent" | "gdpr" | "cmp" | "onetrust" | "didomi"
        | "caption" | "captions" | "figcaption" | "imgcaption" | "bildunterschrift" | "didascalia" | "legende"
        | "photocredit" | "credit" | "credits" | "byline" | "bylines" | "dateline" | "timestamp" | "pubdate"
        | "login" | "signin" | "signup" | "modal" | "popup" | "popover" | "tooltip" | "lightbox" | "overlay"
        | "toast" | "captcha" | "share" | "sharing" | "sharebar" | "sharebox" | "sharethis" | "addthis"
        | "addtoany" | "shares" | "pagination" | "pager" | "pagenav" | "skiplink" | "skiplinks" | "dropdown"
        | "search" | "searchbox" | "newsletter" | "newsletters" | "newsletterbox" | "subscribe" | "subscription"
        | "abo" | "abonnement" | "abonnieren" | "suscripcion" | "paywall" | "regwall" | "disqus" | "akismet"
        | "livefyre" | "spotim" | "outbrain" | "taboola" | "criteo" | "zergnet" | "revcontent" | "mgid"
        | "adsbygoogle" | "adsense" | "wp-caption-text" | "sociable" | "jp" | "sharedaddy" | "rating" | "ratings"
        | "vote" | "voting" | "poll" | "copyright" | "disclaimer" | "permalink" | "postmeta" | "metadata"
        | "hashtags" | "trackback" | "pingback" => Purpose::Never,
        "tags" | "tag" | "keywords" | "topics" | "labels" | "categories" | "tagcloud" | "taglist"
            if !matches!(name, b"body" | b"article" | b"main" | b"section") =>
        {
            Purpose::Never
        }
        "comment" | "comments" | "kommentar" | "kommentare" | "kommentarer" | "commentaires" | "comentarios"
        | "commenti" | "respond" | "commentlist" | "discussion" | "reactions" | "reacties" => Purpose::Never,
        "related" | "relateds" | "relatedposts" | "relatedarticles" | "relatedcontent" | "related-posts" | "recirc"
        | "recirculation" | "recommended" | "recommendation" | "recommendations" | "recommend" | "correlati"
        | "correlate" | "relacionadas" | "relacionados" | "relacionado" | "verwandte" | "empfehlungen" | "lire"
        | "leggi" | "zobacz" | "teaser" | "teasers" | "promo" | "promos" | "promobox" | "promotion" | "sidebar"
        | "sidebars" | "rail" | "aside" | "footer" | "foot" | "colophon" | "ad" | "ads" | "advert" | "adverts"
        | "advertisement" | "advertising" | "advertorial" | "adbox" | "adslot" | "adunit" | "werbung" | "anzeige"
        | "publicite" | "publicidad" | "pubblicita" | "reklama" | "dfp" | "gpt" | "sponsor" | "sponsored"
        | "sponsors" | "banner" | "banners" | "billboard" | "leaderboard" | "skyscraper" | "social" | "socials"
        | "socialmedia" | "facebook" | "whatsapp" | "follow" | "popular" | "trending" | "mostread" | "toplist"
        | "readmore" | "seealso" | "more-stories" | "morestories" | "carousel" | "slider" | "slideshow" | "swiper"
        | "ticker" | "marketing" | "cta" | "calltoaction" | "crosslink" | "crosslinks" | "furtherreading"
        | "linkbox" | "infobox" | "factbox" | "bio" | "biography" | "aboutauthor" | "authorbox" | "authorbio"
        | "authors" | "author" | "autor" | "autore" | "auteur" | "profile" | "contributor" | "contributors"
        | "donate" | "donation" | "membership" | "upsell" | "offer" | "shop" | "shopping" | "affiliate"
        | "ecommerce" | "product" | "quiz" | "survey" | "playlist" | "podcast" | "podcasts" | "toc"
        | "tableofcontents" | "printonly" | "notification" | "alerts" | "embed" | "embedded" | "oembed"
        | "instagram" | "twitter" | "tweet" | "tiktok" | "youtube" | "iframe" | "thumbnail" | "thumbnails"
        | "thumb" | "gallery" | "galleries" | "meta" | "tools" | "actions" | "corrections" => Purpose::Aside,
        "standfirst" | "subtitle" | "subheadline" | "subheading" | "dek" | "deck" | "lead" | "lede" | "intro"
        | "excerpt" | "vorspann" | "teasertext" | "sapo" | "sottotitolo" | "sommario" | "chapo" | "chapeau"
        | "ingress" | "bajada" | "entradilla" | "anrisstext" | "zajawka" | "anons" | "leadtext" | "subhead" => {
            Purpose::Standfirst
        }
        "articlebody" | "articletext" | "articlecontent" | "storybody" | "storycontent" | "postcontent"
        | "postbody" | "entrycontent" | "fulltext" | "bodytext" | "bodycopy" | "artikeltext" => Purpose::Body,
        "article" | "story" | "post" | "entry" | "main" | "artikel" | "articolo" | "hentry" => Purpose::Article,
        _ => Purpose::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(tag: &str) -> Purpose {
        let (name, inside) = tag.split_once(' ').unwrap_or((tag, ""));
        purpose(name.as_bytes(), inside, true)
    }

    #[test]
    fn elements_roles_and_class_names_say_what_they_are_for() {
        for (tag, expected) in [
            ("nav", Purpose::Never),
            ("div class=\"ArticleRelated__box-3x\"", Purpose::Aside),
            ("div class=\"article-body has-sidebar\"", Purpose::Body),
            ("section role=\"navigation\"", Purpose::Never),
            ("div itemprop=\"articleBody\"", Purpose::Body),
            ("div class=\"header-shadow\"", Purpose::Unknown),
            ("p class=\"wp-caption-text\"", Purpose::Never),
            ("div style=\"display: none\"", Purpose::Aside),
            ("div class=\"cookie-notice main\"", Purpose::Never),
            ("div class=\"newsletterBox\"", Purpose::Never),
            ("p class=\"standfirst\"", Purpose::Standfirst),
            ("div class=\"md:hidden\"", Purpose::Unknown),
        ] {
            assert_eq!(of(tag), expected, "{tag}");
        }
    }
}
