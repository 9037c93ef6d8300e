//! What entities stand for.

use std::borrow::Cow;

/// One or two characters that an entity stands for.
#[derive(Clone, Copy)]
pub(super) struct Decoded {
    bytes: [u8; 4],
    length: usize,
}

impl Decoded {
    fn of(c: char) -> Self {
        let mut bytes = [0; 4];
        let length = c.encode_utf8(&mut bytes).len();
        Self { bytes, length }
    }

    pub(super) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..self.length]).unwrap_or("")
    }
}

/// Reads the entity at the start of `text` (which begins with `&`): what it stands for, and its length.
pub(super) fn entity(text: &str) -> Option<(Decoded, usize)> {
    let bytes = text.as_bytes();
    if bytes.get(1) == Some(&b'#') {
        let (digits_at, radix) = if matches!(bytes.get(2), Some(b'x' | b'X')) { (3, 16) } else { (2, 10) };
        let digits = bytes[digits_at..].iter().take(8).take_while(|b| (**b as char).is_digit(radix)).count();
        let number = u32::from_str_radix(text.get(digits_at..digits_at + digits)?, radix).ok()?;
        let mut end = digits_at + digits;
        end += usize::from(bytes.get(end) == Some(&b';'));
        return Some((Decoded::of(numbered(number)), end));
    }
    let length = bytes[1..].iter().take(10).take_while(|b| b.is_ascii_alphanumeric()).count();
    let name = text.get(1..=length)?;
    let closed = bytes.get(length + 1) == Some(&b';');
    // Without its semicolon only the oldest ones are read, and not before a letter or `=` (that is a URL's query).
    if !closed && !matches!(name, "amp" | "lt" | "gt" | "quot" | "nbsp" | "copy" | "reg") {
        return None;
    }
    if !closed && bytes.get(length + 1) == Some(&b'=') {
        return None;
    }
    named_entity(name).map(|c| (Decoded::of(c), length + 1 + usize::from(closed)))
}

/// A numeric reference; 128 … 159 mean windows-1252 (HTML standard, “numeric character reference end state”).
pub(super) fn numbered(number: u32) -> char {
    const WINDOWS: &str = "€\u{81}‚ƒ„…†‡ˆ‰Š‹Œ\u{8d}Ž\u{8f}\u{90}‘’“”•–—˜™š›œ\u{9d}žŸ";
    match number {
        128..=159 => WINDOWS.chars().nth((number - 128) as usize).unwrap_or('\u{fffd}'),
        _ => char::from_u32(number).filter(|c| *c != '\0').unwrap_or('\u{fffd}'),
    }
}

/// What a named entity of HTML 4 (and a few of HTML 5) stands for.
fn named_entity(name: &str) -> Option<char> {
    match name {
        "amp" | "AMP" => return Some('&'),
        "lt" | "LT" => return Some('<'),
        "gt" | "GT" => return Some('>'),
        "quot" | "QUOT" => return Some('"'),
        "apos" => return Some('\''),
        "nbsp" => return Some('\u{a0}'),
        _ => {}
    }
    if let Some(at) = LATIN1.split(' ').position(|known| known == name) {
        return u32::try_from(at).ok().and_then(|at| char::from_u32(0xa0 + at));
    }
    OTHERS.iter().find(|(known, _)| *known == name).map(|(_, c)| *c)
}

/// U+00A0 … U+00FF in order.
const LATIN1: &str = "nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn sup2 sup3 acute micro para middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil Egrave Eacute Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave Uacute Ucirc Uuml Yacute THORN szlig agrave aacute acirc atilde auml aring aelig ccedil egrave eacute ecirc euml igrave iacute icirc iuml eth ntilde ograve oacute ocirc otilde ouml divide oslash ugrave uacute ucirc uuml yacute thorn yuml";

#[rustfmt::skip]
const OTHERS: &[(&str, char)] = &[
    ("rsquo", '’'), ("lsquo", '‘'), ("rdquo", '”'), ("ldquo", '“'), ("ndash", '–'), ("mdash", '—'), ("hellip", '…'),
    ("euro", '€'), ("bull", '•'), ("sbquo", '‚'), ("bdquo", '„'), ("lsaquo", '‹'), ("rsaquo", '›'), ("trade", '™'),
    ("ensp", '\u{2002}'), ("emsp", '\u{2003}'), ("thinsp", '\u{2009}'), ("zwnj", '\u{200c}'), ("zwj", '\u{200d}'),
    ("lrm", '\u{200e}'), ("rlm", '\u{200f}'), ("dagger", '†'), ("Dagger", '‡'), ("permil", '‰'), ("prime", '′'), ("Prime", '″'),
    ("oline", '‾'), ("frasl", '⁄'), ("OElig", 'Œ'), ("oelig", 'œ'), ("Scaron", 'Š'), ("scaron", 'š'), ("Yuml", 'Ÿ'),
    ("Zcaron", 'Ž'), ("zcaron", 'ž'), ("Ccaron", 'Č'), ("ccaron", 'č'), ("cacute", 'ć'), ("Cacute", 'Ć'), ("dstrok", 'đ'),
    ("Dstrok", 'Đ'), ("rcaron", 'ř'), ("ecaron", 'ě'), ("lstrok", 'ł'), ("Lstrok", 'Ł'), ("eogon", 'ę'), ("aogon", 'ą'),
    ("sacute", 'ś'), ("zacute", 'ź'), ("zdot", 'ż'), ("nacute", 'ń'), ("inodot", 'ı'), ("scedil", 'ş'), ("gbreve", 'ğ'),
    ("abreve", 'ă'), ("tcedil", 'ţ'), ("odblac", 'ő'), ("udblac", 'ű'), ("uring", 'ů'), ("Idot", 'İ'),
    ("fnof", 'ƒ'), ("circ", 'ˆ'), ("tilde", '˜'),
    ("Alpha", 'Α'), ("Beta", 'Β'), ("Gamma", 'Γ'), ("Delta", 'Δ'), ("Epsilon", 'Ε'), ("Zeta", 'Ζ'), ("Eta", 'Η'), ("Theta", 'Θ'),
    ("Iota", 'Ι'), ("Kappa", 'Κ'), ("Lambda", 'Λ'), ("Mu", 'Μ'), ("Nu", 'Ν'), ("Xi", 'Ξ'), ("Omicron", 'Ο'), ("Pi", 'Π'), ("Rho", 'Ρ'),
    ("Sigma", 'Σ'), ("Tau", 'Τ'), ("Upsilon", 'Υ'), ("Phi", 'Φ'), ("Chi", 'Χ'), ("Psi", 'Ψ'), ("Omega", 'Ω'),
    ("alpha", 'α'), ("beta", 'β'), ("gamma", 'γ'), ("delta", 'δ'), ("epsilon", 'ε'), ("zeta", 'ζ'), ("eta", 'η'), ("theta", 'θ'),
    ("iota", 'ι'), ("kappa", 'κ'), ("lambda", 'λ'), ("mu", 'μ'), ("nu", 'ν'), ("xi", 'ξ'), ("omicron", 'ο'), ("pi", 'π'), ("rho", 'ρ'),
    ("sigmaf", 'ς'), ("sigma", 'σ'), ("tau", 'τ'), ("upsilon", 'υ'), ("phi", 'φ'), ("chi", 'χ'), ("psi", 'ψ'), ("omega", 'ω'),
    ("thetasym", 'ϑ'), ("upsih", 'ϒ'), ("piv", 'ϖ'),
    ("larr", '←'), ("uarr", '↑'), ("rarr", '→'), ("darr", '↓'), ("harr", '↔'), ("crarr", '↵'), ("lArr", '⇐'), ("uArr", '⇑'),
    ("rArr", '⇒'), ("dArr", '⇓'), ("hArr", '⇔'), ("forall", '∀'), ("part", '∂'), ("exist", '∃'), ("empty", '∅'), ("nabla", '∇'),
    ("isin", '∈'), ("notin", '∉'), ("ni", '∋'), ("prod", '∏'), ("sum", '∑'), ("minus", '−'), ("lowast", '∗'), ("radic", '√'),
    ("prop", '∝'), ("infin", '∞'), ("ang", '∠'), ("and", '∧'), ("or", '∨'), ("cap", '∩'), ("cup", '∪'), ("int", '∫'), ("there4", '∴'),
    ("sim", '∼'), ("cong", '≅'), ("asymp", '≈'), ("ne", '≠'), ("equiv", '≡'), ("le", '≤'), ("ge", '≥'), ("sub", '⊂'), ("sup", '⊃'),
    ("nsub", '⊄'), ("sube", '⊆'), ("supe", '⊇'), ("oplus", '⊕'), ("otimes", '⊗'), ("perp", '⊥'), ("sdot", '⋅'), ("lceil", '⌈'),
    ("rceil", '⌉'), ("lfloor", '⌊'), ("rfloor", '⌋'), ("lang", '〈'), ("rang", '〉'), ("loz", '◊'), ("spades", '♠'), ("clubs", '♣'),
    ("hearts", '♥'), ("diams", '♦'), ("image", 'ℑ'), ("weierp", '℘'), ("real", 'ℜ'), ("alefsym", 'ℵ'),
    ("num", '#'), ("excl", '!'), ("percnt", '%'), ("lpar", '('), ("rpar", ')'), ("comma", ','), ("period", '.'), ("colon", ':'),
    ("semi", ';'), ("quest", '?'), ("commat", '@'), ("lsqb", '['), ("rsqb", ']'), ("lbrack", '['), ("rbrack", ']'), ("sol", '/'),
    ("lowbar", '_'), ("dollar", '$'), ("plus", '+'), ("equals", '='), ("ast", '*'), ("vert", '|'), ("Tab", '\t'), ("NewLine", '\n'),
    ("hyphen", '‐'), ("dash", '‐'), ("horbar", '―'), ("numero", '№'), ("check", '✓'), ("star", '☆'), ("starf", '★'),
];

/// Text with its entities decoded, whitespace and tags untouched; for attribute values and the like.
#[must_use]
pub(crate) fn decode_entities(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        match entity(&rest[at..]) {
            Some((decoded, length)) => {
                out.push_str(decoded.as_str());
                rest = &rest[at + length..];
            }
            None => {
                out.push('&');
                rest = &rest[at + 1..];
            }
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}
