//! The elements that stand on lines of their own.

/// Whether an element begins a line and ends one: paragraphs, headings, lists, tables, sections. One list for the text of
/// snippets and for the blocks of pages. [`super::balance`] has another: the elements before which the HTML standard closes
/// a paragraph, which decides about structure and not about lines.
pub(super) fn is_block(name: &[u8]) -> bool {
    matches!(
        name,
        b"p" | b"div"
            | b"h1"
            | b"h2"
            | b"h3"
            | b"h4"
            | b"h5"
            | b"h6"
            | b"ul"
            | b"ol"
            | b"dl"
            | b"li"
            | b"dt"
            | b"dd"
            | b"table"
            | b"thead"
            | b"tbody"
            | b"tfoot"
            | b"tr"
            | b"td"
            | b"th"
            | b"blockquote"
            | b"pre"
            | b"hr"
            | b"section"
            | b"article"
            | b"aside"
            | b"header"
            | b"footer"
            | b"main"
            | b"address"
            | b"details"
            | b"summary"
            | b"center"
            | b"hgroup"
            | b"search"
            | b"dir"
            | b"listing"
            | b"fieldset"
    )
}
