//! A page, cut into blocks of text.
//!
//! In: the elements of a page. Out: paragraphs, headings, list items and cells in order, without what the markup calls
//! boilerplate ([`super::boilerplate`]), each with its length and how much of it is links; the cards of other articles are
//! marked.

use std::ops::Range;

use super::boilerplate::{Purpose, purpose};
use super::budget::Budget;
use super::elements;
use super::html::Out;
use super::tree::{Kind, Tree};

/// What a block is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Paragraph,
    /// Text directly inside a `div` or the like.
    Loose,
    Heading(u8),
    Item,
    Quote,
    Cell,
    Pre,
}

/// A run of text that stands apart from others.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) text: String,
    pub(super) form: Form,
    /// The innermost block element around it.
    pub(super) node: usize,
    /// What the markup calls it or what is around it.
    pub(super) purpose: Purpose,
    /// Length in Latin letters, about.
    pub(super) weight: usize,
    /// Of that, inside links.
    pub(super) links: usize,
    /// It begins with a link.
    pub(super) starts_with_link: bool,
    /// It belongs to the card of another article.
    pub(super) is_teaser: bool,
}

/// A card has less text than this.
const MAX_TEASER: usize = 500;
/// Where no element keeps cards apart, less than this each.
const MAX_LINES: usize = 350;

impl Block {
    /// How much of it is links, 0 to 1.
    pub(super) fn link_share(&self) -> f64 {
        self.links as f64 / self.weight.max(1) as f64
    }

    fn is_linked_heading(&self) -> bool {
        matches!(self.form, Form::Heading(_)) && self.link_share() > 0.6 && self.weight >= 15
    }

    /// Whether it is a paragraph of a text, as far as one can tell from itself.
    pub(super) fn is_prose(&self) -> bool {
        if self.is_teaser {
            return false;
        }
        let enough = match self.form {
            Form::Paragraph | Form::Quote => 40,
            Form::Loose | Form::Pre => 80,
            Form::Item | Form::Cell => 100,
            Form::Heading(_) => return false,
        };
        self.weight >= enough
            && self.link_share() < 0.5
            && (self.weight >= 200 || ends_a_sentence(&self.text) || self.form == Form::Paragraph)
    }
}

/// Han, kana and hangul hold in one what Latin letters hold in two and more.
pub(super) fn weight(text: &str) -> usize {
    text.chars().map(|c| if c >= '\u{2e80}' { 2 } else { 1 }).sum()
}

/// Whether a sentence ends in the text's last characters.
pub(super) fn ends_a_sentence(text: &str) -> bool {
    text.trim_end_matches(|c: char| {
        matches!(c, '"' | '\'' | '”' | '’' | '»' | '«' | '“' | '‘' | ')' | ']' | '」' | '』' | '）')
            || c.is_whitespace()
    })
    .ends_with(['.', '!', '?', '…', ':', ';', '。', '！', '？', '؟', '۔', '।', '։', '።', '»'])
}

/// Letters and digits in lower case: what two versions of one text have in common.
pub(super) fn letters(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// What of the markup is believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trust {
    /// All that it says.
    ClassNames,
    /// HTML's elements and roles, not what authors call things.
    ElementsOnly,
}

/// A page, cut into blocks.
#[derive(Debug)]
pub(super) struct Blocks {
    pub(super) blocks: Vec<Block>,
    /// For each node: the element around it.
    pub(super) parents: Vec<usize>,
    ends: Vec<usize>,
    pub(super) purposes: Vec<Purpose>,
}

/// Elements of the page's own making (`<news-text>`) are blocks too, and so is the page itself, which has no name.
/// Navigation, figures and forms were judged before ([`super::boilerplate`]) and are transparent here.
fn is_block(name: &[u8]) -> bool {
    name.is_empty() || elements::is_block(name) || name.contains(&b'-')
}

impl Blocks {
    /// Cuts a page.
    pub(super) fn cut(tree: &Tree<'_>, trust: Trust, budget: &Budget) -> Self {
        let purposes: Vec<Purpose> = tree
            .nodes
            .iter()
            .map(|node| match &node.kind {
                _ if budget.spend(1) => Purpose::Unknown,
                Kind::Element { name, inside } => purpose(name.as_bytes(), inside, trust == Trust::ClassNames),
                Kind::Text(_) => Purpose::Unknown,
            })
            .collect();
        let dropped = Self::dropped(tree, &purposes, budget);
        let mut blocks = Vec::new();
        Self::gather(tree, &purposes, &dropped, &mut blocks, budget);
        let mut cut = Self {
            blocks,
            parents: tree.nodes.iter().map(|node| node.parent).collect(),
            ends: tree.nodes.iter().map(|node| node.end).collect(),
            purposes,
        };
        if trust == Trust::ClassNames {
            cut.mark_teasers(budget);
        }
        cut
    }

    /// Marks the cards of other articles: a headline that is a link, and the few lines that stand with it.
    fn mark_teasers(&mut self, budget: &Budget) {
        let mut plain = Vec::with_capacity(self.blocks.len() + 1);
        let mut heads = Vec::with_capacity(self.blocks.len() + 1);
        let (mut words, mut titles) = (0, 0);
        for block in &self.blocks {
            plain.push(words);
            heads.push(titles);
            if !matches!(block.form, Form::Heading(_)) {
                words += block.weight - block.links;
            }
            titles += usize::from(block.is_linked_heading());
        }
        plain.push(words);
        heads.push(titles);
        let mut teasers = vec![false; self.blocks.len()];
        for at in 0..self.blocks.len() {
            if !self.blocks[at].is_linked_heading() || teasers[at] {
                continue;
            }
            let mut range = at..at + 1;
            let mut node = self.blocks[at].node;
            while node != 0 && !budget.spend(1) {
                node = self.parents[node];
                let around = self.inside(node);
                if plain[around.end] - plain[around.start] > MAX_TEASER || heads[around.end] - heads[around.start] > 1 {
                    break;
                }
                range = around;
            }
            teasers[range].fill(true);
        }
        // The same without an element around each: headline, lines, headline, lines.
        let headlines: Vec<usize> = (0..self.blocks.len()).filter(|at| self.blocks[*at].is_linked_heading()).collect();
        for run in headlines.chunk_by(|a, b| b - a <= 3) {
            if let (true, Some(first), Some(last)) = (run.len() >= 3, run.first(), run.last())
                // Longer ones are the chapters of a list article.
                && plain[*last] - plain[*first] <= MAX_LINES * run.len()
            {
                teasers[*first..=*last].fill(true);
            }
        }
        for (block, is_teaser) in self.blocks.iter_mut().zip(teasers) {
            block.is_teaser = is_teaser;
        }
    }

    /// Which elements are left out with all that is in them.
    fn dropped(tree: &Tree<'_>, purposes: &[Purpose], budget: &Budget) -> Vec<bool> {
        let nodes = &tree.nodes;
        // Text outside links in paragraphs, before each node.
        let mut prose = Vec::with_capacity(nodes.len() + 1);
        let mut headings = Vec::with_capacity(nodes.len() + 1);
        let (mut sum, mut titles) = (0_usize, 0_usize);
        let mut link_end = 0;
        let mut paragraph_end = 0;
        for (at, node) in nodes.iter().enumerate() {
            prose.push(sum);
            headings.push(titles);
            match &node.kind {
                Kind::Text(text) if at >= link_end && (at < paragraph_end || text.len() >= 80) => {
                    sum += text.trim().len()
                }
                Kind::Text(_) => {}
                Kind::Element { name, .. } => match name.as_bytes() {
                    b"a" => link_end = link_end.max(node.end),
                    b"p" => paragraph_end = paragraph_end.max(node.end),
                    b"h1" => titles += 1,
                    _ => {}
                },
            }
        }
        prose.push(sum);
        headings.push(titles);
        let inside = |at: usize| prose[nodes[at].end] - prose[at];
        let bodies: Vec<usize> = (0..nodes.len())
            .filter(|at| matches!(purposes[*at], Purpose::Body | Purpose::Article) && inside(*at) >= 200)
            .filter(|at| {
                let mut node = *at;
                while node != 0 && purposes[node] < Purpose::Aside {
                    node = nodes[node].parent;
                }
                node == 0
            })
            .collect();
        let mut dropped = vec![false; nodes.len()];
        // The outermost ones that were left out because a word says so, by their prose.
        let mut largest: Option<usize> = None;
        let mut kept = sum;
        let mut at = 0;
        while at < nodes.len() && !budget.spend(1) {
            let end = nodes[at].end;
            let share = inside(at) as f64 / sum.max(1) as f64;
            // Large parts are left out only where the article is known to be elsewhere.
            let is_small = || {
                share < 0.5
                    || bodies
                        .iter()
                        .take_while(|_| !budget.spend(1))
                        .any(|body| (*body >= end || nodes[*body].end <= at) && inside(*body) * 4 >= inside(at))
            };
            let is_out = match purposes[at] {
                Purpose::Never => is_small(),
                Purpose::Aside => is_small() && !(titles == 1 && headings[end] > headings[at] && share > 0.1),
                _ => false,
            };
            if is_out {
                dropped[at] = true;
                kept -= inside(at);
                if purposes[at] == Purpose::Aside && largest.is_none_or(|largest| inside(at) > inside(largest)) {
                    largest = Some(at);
                }
                at = end;
            } else {
                at += 1;
            }
        }
        if let Some(largest) = largest
            && kept * 2 < inside(largest)
        {
            dropped[largest] = false;
        }
        dropped
    }

    fn gather(tree: &Tree<'_>, purposes: &[Purpose], dropped: &[bool], blocks: &mut Vec<Block>, budget: &Budget) {
        let mut cutter = Cutter { out: Out::new(), links: 0, starts_with_link: false, breaks: 0, open: Vec::new() };
        let mut at = 0;
        let mut link_end = 0;
        while at < tree.nodes.len() && !budget.spend(1) {
            while cutter.open.last().is_some_and(|open| open.end <= at) {
                cutter.flush(blocks);
                cutter.open.pop();
            }
            let node = &tree.nodes[at];
            if dropped[at] {
                if is_block(node.name()) {
                    cutter.flush(blocks);
                }
                at = node.end;
                continue;
            }
            match &node.kind {
                Kind::Text(text) => {
                    if !text.trim().is_empty() {
                        cutter.breaks = 0;
                    }
                    let before = cutter.out.text.len();
                    cutter.out.push_decoded(text, false);
                    if before == 0 && at < link_end && !cutter.out.text.is_empty() {
                        cutter.starts_with_link = true;
                    }
                    if at < link_end {
                        cutter.links += weight(&cutter.out.text[before..]);
                    }
                }
                Kind::Element { name, .. } => {
                    let name = name.as_bytes();
                    if name == b"br" {
                        cutter.breaks += 1;
                        if cutter.breaks >= 2 {
                            cutter.flush(blocks);
                        } else {
                            cutter.out.line();
                        }
                    } else if name == b"a" {
                        link_end = link_end.max(node.end);
                    }
                    if is_block(name) {
                        cutter.flush(blocks);
                        let around = cutter.open.last();
                        let form = match name {
                            b"p" => match around.map(|open| open.form) {
                                Some(form @ (Form::Item | Form::Quote | Form::Cell)) => form,
                                _ => Form::Paragraph,
                            },
                            b"h1" | b"h2" | b"h3" | b"h4" | b"h5" | b"h6" => Form::Heading(name[1] - b'0'),
                            b"li" | b"dd" | b"dt" => Form::Item,
                            b"blockquote" => Form::Quote,
                            b"td" | b"th" => Form::Cell,
                            b"pre" => Form::Pre,
                            _ => match around.map(|open| open.form) {
                                Some(form @ (Form::Item | Form::Quote | Form::Cell)) => form,
                                _ => Form::Loose,
                            },
                        };
                        let own = purposes[at];
                        let purpose = match around {
                            Some(open) if own == Purpose::Unknown => open.purpose,
                            _ => own,
                        };
                        cutter.open.push(Open { at, end: node.end, form, purpose });
                    }
                }
            }
            at += 1;
        }
        cutter.flush(blocks);
    }

    /// The blocks inside an element, as a range.
    pub(super) fn inside(&self, node: usize) -> Range<usize> {
        let from = self.blocks.partition_point(|block| block.node < node);
        let to = self.blocks.partition_point(|block| block.node < self.ends[node]);
        from..to
    }
}

struct Open {
    at: usize,
    end: usize,
    form: Form,
    purpose: Purpose,
}

/// Gathers text until a block ends.
struct Cutter {
    out: Out,
    links: usize,
    starts_with_link: bool,
    breaks: u32,
    open: Vec<Open>,
}

impl Cutter {
    fn flush(&mut self, blocks: &mut Vec<Block>) {
        let out = std::mem::replace(&mut self.out, Out::new());
        let links = std::mem::take(&mut self.links);
        let starts_with_link = std::mem::take(&mut self.starts_with_link);
        self.breaks = 0;
        if out.text.trim().is_empty() {
            return;
        }
        let weight = weight(&out.text);
        let (node, form, purpose) =
            self.open.last().map_or((0, Form::Loose, Purpose::Unknown), |open| (open.at, open.form, open.purpose));
        blocks.push(Block {
            text: out.text,
            form,
            node,
            purpose,
            weight,
            links: links.min(weight),
            starts_with_link,
            is_teaser: false,
        });
    }
}
