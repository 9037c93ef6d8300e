//! The elements of a page, in the order of their start tags.
//!
//! In: what [`super::balance`] wrote, in which every start has its end. Out: a flat list in which an element's descendants
//! follow it without a gap, so that whatever is asked of a subtree is asked of a range.

use super::budget::Budget;
use super::html::{Name, Piece, Scanner};

/// What stands at one place of a page.
#[derive(Debug)]
pub(super) enum Kind<'a> {
    Element {
        name: Name,
        /// Its attributes, as written.
        inside: &'a str,
    },
    /// Text with entities.
    Text(&'a str),
}

/// An element or a text.
#[derive(Debug)]
pub(super) struct Node<'a> {
    pub(super) kind: Kind<'a>,
    /// The element around it; its own number at the top.
    pub(super) parent: usize,
    /// The number of the first node behind its descendants.
    pub(super) end: usize,
}

impl Node<'_> {
    /// The element's name; empty for a text.
    pub(super) fn name(&self) -> &[u8] {
        match &self.kind {
            Kind::Element { name, .. } => name.as_bytes(),
            Kind::Text(_) => b"",
        }
    }
}

/// A page.
#[derive(Debug)]
pub(super) struct Tree<'a> {
    pub(super) nodes: Vec<Node<'a>>,
}

impl<'a> Tree<'a> {
    /// Reads balanced HTML; linear in its length. The first node is an element without a name that holds all others.
    pub(super) fn read(balanced: &'a str, budget: &Budget) -> Self {
        let root = Node { kind: Kind::Element { name: Name::of(""), inside: "" }, parent: 0, end: 0 };
        let mut nodes = vec![root];
        let mut open = vec![0];
        let mut scanner = Scanner::of(balanced);
        while let Some(piece) = scanner.next_piece() {
            if budget.spend(1) {
                break;
            }
            let at = nodes.len();
            let parent = open.last().copied().unwrap_or(0);
            match piece {
                Piece::Text(text) | Piece::Literal(text) => {
                    nodes.push(Node { kind: Kind::Text(text), parent, end: at + 1 });
                }
                Piece::Tag(tag) if tag.closing => {
                    if open.len() > 1
                        && let Some(closed) = open.pop()
                    {
                        nodes[closed].end = at;
                    }
                }
                Piece::Tag(tag) => {
                    let is_void = matches!(tag.name.as_bytes(), b"br" | b"hr" | b"wbr");
                    nodes.push(Node {
                        kind: Kind::Element { name: tag.name, inside: tag.inside },
                        parent,
                        end: at + 1,
                    });
                    if !is_void {
                        open.push(at);
                    }
                }
            }
        }
        let end = nodes.len();
        for at in open {
            nodes[at].end = end;
        }
        Self { nodes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descendants_follow_their_element() {
        let tree = Tree::read("<div class=\"a\">x<p>y<br>z</p></div><p>w</p>", &Budget::unlimited());
        let names: Vec<_> = tree.nodes.iter().map(|node| String::from_utf8_lossy(node.name()).into_owned()).collect();
        assert_eq!(names, ["", "div", "", "p", "", "br", "", "p", ""]);
        assert_eq!(tree.nodes.iter().map(|node| node.end).collect::<Vec<_>>(), [9, 7, 3, 7, 5, 6, 7, 9, 9]);
        assert_eq!(tree.nodes[4].parent, 3);
    }
}
