//! Where in a page its article is.
//!
//! In: balanced HTML, and what the page states of itself. Out: the article's blocks in order.
//!
//! The page is cut into blocks (paragraph, heading, list item, table cell), without those that the markup calls boilerplate
//! ([`super::boilerplate`]). A block is prose if it is long enough and not mostly links. The article is the element that
//! holds the most prose and the least of anything else, by the F-measure of the two; what pages state in class names, roles
//! and schema.org tips the balance. Inside, lists of links, one-line pointers to other articles and headings over
//! nothing are taken out. The idea is Kohlschütter et al., “Boilerplate Detection using Shallow Text Features” (WSDM 2010).
//! All of it is linear in the page, or bounded by a constant; see [`super::budget`] for what that does not catch.

use rustc_hash::FxHashSet;

use super::blocks::{Block, Blocks, Form, ends_a_sentence, letters, weight};
use super::boilerplate::Purpose;
use super::budget::Budget;
use super::html::cut;
use super::notices::{is_notice, is_pointer_label, is_wall};

/// Pages with more blocks, or more stated text, are not compared with it: the time is their product.
const MAX_COMPARED: usize = 2_000;
const MAX_STATED_BYTES: usize = 200_000;
/// Bytes that are searched in about the time of one step of a [`Budget`].
const STEP_BYTES: usize = 1_024;

impl Blocks {
    /// The element that holds the article, if any prose is there.
    fn article(&self, budget: &Budget) -> Option<usize> {
        let mut sums = Vec::with_capacity(self.blocks.len() + 1);
        let (mut prose, mut all) = (0_usize, 0_usize);
        for block in &self.blocks {
            sums.push((prose, all));
            if block.is_prose() {
                prose += block.weight;
            }
            if !matches!(block.form, Form::Heading(_)) {
                all += block.weight;
            }
        }
        sums.push((prose, all));
        if prose == 0 {
            return None;
        }
        let mut best: Option<(f64, usize)> = None;
        // Elements that hold blocks directly, and all around them.
        let mut seen = vec![false; self.parents.len()];
        for block in &self.blocks {
            let mut node = block.node;
            while !seen[node] && !budget.spend(1) {
                seen[node] = true;
                let range = self.inside(node);
                let (from, to) = (sums[range.start], sums[range.end]);
                let (good, any) = ((to.0 - from.0) as f64, (to.1 - from.1) as f64);
                let (precision, recall) = (good / any.max(1.0), good / prose as f64);
                // Recall counts more: what is too much can still be told apart.
                let f = 5.0 * precision * recall / (4.0 * precision + recall).max(1e-9);
                let hint = match self.purposes[node] {
                    Purpose::Body => 1.25,
                    Purpose::Article => 1.1,
                    Purpose::Aside | Purpose::Never => 0.8,
                    _ => 1.0,
                };
                let value = f * hint;
                if best.is_none_or(|(most, at)| value > most + 1e-9 || (value > most - 1e-9 && node > at)) {
                    best = Some((value, node));
                }
                node = self.parents[node];
            }
        }
        best.map(|(_, node)| node)
    }

    /// The article's text; empty where there is none. `stated`: the text as the page states it for search engines.
    pub(super) fn article_text(&self, title: &str, stated: Option<&str>, budget: &Budget) -> String {
        self.article(budget).map(|article| self.text(article, title, stated, budget)).unwrap_or_default()
    }

    /// Whether the page asks to subscribe before one may read on.
    pub(super) fn has_wall(&self) -> bool {
        self.blocks.iter().any(|block| block.weight < 400 && is_wall(&block.text))
    }

    /// Short lines around the headline: the date is often among them.
    pub(super) fn near_headline(&self) -> Vec<&str> {
        let headline = self.blocks.iter().position(|block| block.form == Form::Heading(1)).unwrap_or(0);
        let from = headline.saturating_sub(3);
        let lines = self.blocks.iter().skip(from).take(14).filter(|block| block.weight < 160);
        lines.map(|block| block.text.as_str()).collect()
    }

    /// The text inside an element, boilerplate among it left out.
    fn text(&self, article: usize, title: &str, stated: Option<&str>, budget: &Budget) -> String {
        let title = letters(title);
        let blocks = &self.blocks[self.inside(article)];
        let known = Self::known(blocks, stated, budget);
        let mut keeps: Vec<bool> = Vec::with_capacity(blocks.len());
        let first_prose = blocks.iter().position(|block| block.is_prose() && block.weight >= 80).unwrap_or(0);
        let last_known = known.iter().rposition(|known| *known == Some(true));
        for (at, block) in blocks.iter().enumerate() {
            let share = block.link_share();
            let keep = match block.form {
                _ if block.is_teaser => false,
                Form::Heading(1) => false,
                Form::Heading(_) => share < 0.5,
                Form::Item | Form::Cell => share < 0.6,
                Form::Paragraph | Form::Loose | Form::Quote | Form::Pre => {
                    let is_pointer = share > 0.5 && block.weight < 250;
                    let is_bare = at < first_prose && block.weight < 100 && !ends_a_sentence(&block.text);
                    let is_label = block.form == Form::Loose && block.weight < 40 && !ends_a_sentence(&block.text);
                    !is_pointer && !is_bare && !is_label
                }
            };
            let is_stranger = known[at] == Some(false)
                && block.purpose != Purpose::Standfirst
                && last_known.is_some_and(|last| at > last);
            let keep = keep && !is_stranger;
            keeps.push(keep && letters(&block.text) != title);
        }
        self.drop_link_lists(blocks, &mut keeps);
        self.drop_behind_the_end(blocks, &mut keeps, budget);
        drop_notices(blocks, &title, &mut keeps, budget);
        // Headings over nothing.
        let mut follows = false;
        for at in (0..blocks.len()).rev() {
            if matches!(blocks[at].form, Form::Heading(_)) {
                let next = at + 1;
                let over_dropped =
                    next < blocks.len() && !keeps[next] && !matches!(blocks[next].form, Form::Heading(_));
                if !follows || over_dropped {
                    keeps[at] = false;
                }
            } else if keeps[at] {
                follows = true;
            }
        }
        let mut text = String::new();
        let mut before: Option<&Block> = None;
        for (block, _) in blocks.iter().zip(&keeps).filter(|(_, keep)| **keep) {
            if let Some(before) = before {
                let same_list = before.form == block.form && matches!(block.form, Form::Item | Form::Cell);
                text.push_str(if same_list { "\n" } else { "\n\n" });
            }
            text.push_str(&block.text);
            before = Some(block);
        }
        text
    }

    /// Which blocks the stated text has, where it is one that can be relied on: nearly all of it is here, and it is most of
    /// what is here. Others hold a summary, or the text of another page.
    fn known(blocks: &[Block], stated: Option<&str>, budget: &Budget) -> Vec<Option<bool>> {
        let unknown = vec![None; blocks.len()];
        let Some(stated) = stated.filter(|_| blocks.len() <= MAX_COMPARED) else { return unknown };
        let stated = letters(cut(stated, MAX_STATED_BYTES));
        let known: Vec<Option<bool>> = blocks
            .iter()
            .map(|block| {
                if budget.spend(stated.len() / STEP_BYTES) {
                    return None;
                }
                // 40 letters: enough to tell, too few to meet a correction.
                let start: String = letters(&block.text).chars().take(40).collect();
                (weight(&start) >= 25).then(|| stated.contains(&start))
            })
            .collect();
        let found: usize = blocks
            .iter()
            .zip(&known)
            .filter(|(_, known)| **known == Some(true))
            .map(|(block, _)| weight(&letters(&block.text)))
            .sum();
        let prose: usize =
            blocks.iter().filter(|block| block.is_prose()).map(|block| weight(&letters(&block.text))).sum();
        if found * 10 >= weight(&stated) * 8 && found * 10 >= prose * 6 { known } else { unknown }
    }

    /// Behind the last sentence stand labels, names, places and dates; behind a line like “More on this” stands what is not
    /// the article any more, unless its own paragraphs go on there, side by side with those before.
    fn drop_behind_the_end(&self, blocks: &[Block], keeps: &mut [bool], budget: &Budget) {
        let home = |block: &Block| if block.form == Form::Loose { block.node } else { self.parents[block.node] };
        let all: usize = blocks.iter().zip(&*keeps).filter(|(_, keep)| **keep).map(|(block, _)| block.weight).sum();
        let mut so_far = 0;
        let mut homes = FxHashSet::default();
        // What a second such line would take away is gone by then.
        let mut has_ended = false;
        for at in 0..blocks.len() {
            if budget.spend(8) {
                return;
            }
            let block = &blocks[at];
            if block.weight <= 60 && !block.text.ends_with('.') && is_pointer_label(&block.text) {
                keeps[at] = false;
                if !has_ended && so_far * 2 > all {
                    has_ended = true;
                    for (later, keep) in blocks[at..].iter().zip(&mut keeps[at..]) {
                        *keep &= homes.contains(&home(later));
                    }
                }
            } else if keeps[at] {
                so_far += block.weight;
                if block.is_prose() {
                    homes.insert(home(block));
                }
            }
        }
        for (block, keep) in blocks.iter().zip(keeps).rev() {
            if !*keep {
                continue;
            }
            let is_label = match block.form {
                Form::Heading(_) => true,
                Form::Paragraph | Form::Loose => block.weight < 60 && !ends_a_sentence(&block.text),
                Form::Item | Form::Cell | Form::Quote | Form::Pre => false,
            };
            if !is_label {
                break;
            }
            *keep = false;
        }
    }

    /// Lists that are mostly links.
    fn drop_link_lists(&self, blocks: &[Block], keeps: &mut [bool]) {
        let mut at = 0;
        while at < blocks.len() {
            if !matches!(blocks[at].form, Form::Item | Form::Cell) {
                at += 1;
                continue;
            }
            let end = at + blocks[at..].iter().take_while(|block| block.form == blocks[at].form).count();
            let (weight, links) =
                blocks[at..end].iter().fold((0, 0), |sum, block| (sum.0 + block.weight, sum.1 + block.links));
            let are_pointers = end - at >= 3 && blocks[at..end].iter().all(|block| block.starts_with_link);
            if links * 2 > weight || are_pointers {
                keeps[at..end].fill(false);
            }
            at = end;
        }
    }
}

/// What sites ask of their readers.
fn drop_notices(blocks: &[Block], title: &str, keeps: &mut [bool], budget: &Budget) {
    if title.contains("cookie") {
        return;
    }
    for (block, keep) in blocks.iter().zip(keeps) {
        // Some hundred phrases are looked for in each.
        if budget.spend(8) {
            return;
        }
        if *keep && block.weight < 800 && (is_notice(&block.text) || block.weight < 400 && is_wall(&block.text)) {
            *keep = false;
        }
    }
}
