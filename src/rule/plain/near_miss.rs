//! Why an atom that is not there was nearly there: elsewhere in the article, in other letters, or with its words apart.

use super::super::explain::shortened;
use super::super::expr::{AtomId, AtomKind, FieldSet, Item, Test};
use super::super::term::Term;
use super::{Plain, PlainPiece};
use crate::text::analyzed::{FIELDS, LEDE};
use crate::text::normalize::fold;

/// Longer articles are not looked through for it.
const MOST_PIECES: usize = 20_000;

impl Plain<'_> {
    /// What comes nearest to an atom that the fields don't hold; `None` where nothing comes near.
    #[must_use]
    pub(in crate::rule) fn near_miss(&self, id: AtomId, fields: FieldSet) -> Option<String> {
        if self.pieces.len() > MOST_PIECES {
            return None;
        }
        let everywhere = FieldSet(0b0111_1111);
        let mut elsewhere: Vec<u8> =
            self.atom(id, everywhere, None).into_keys().map(|place| self.pieces[place.start as usize].field).collect();
        elsewhere.dedup();
        if let Some(&field) = elsewhere.first() {
            let names: Vec<String> =
                elsewhere.iter().map(|&field| format!("the {}", FIELDS[usize::from(field)])).collect();
            let further = fields.meets(FieldSet::LEDE) && (1..3).contains(&field);
            return Some(if further {
                format!("it comes after the first {} words of {}", LEDE / 2, names[0])
            } else {
                format!("it is only in {}", names.join(" and "))
            });
        }
        let AtomKind::Sequence(items) = &self.program.atoms[id.index()] else { return None };
        let here: Vec<&PlainPiece> = self.pieces.iter().filter(|piece| !piece.is_end && piece.is_in(fields)).collect();
        if let Some(found) = self.in_other_letters(items, &here) {
            return Some(found);
        }
        self.apart(items, &here)
    }

    /// `=Mosca` where there is `MOSCA`.
    fn in_other_letters(&self, items: &[Item], here: &[&PlainPiece]) -> Option<String> {
        let fits = |(at, item): (usize, &Item), piece: &PlainPiece| {
            let other = match item.test {
                Test::Any => true,
                Test::Stretch => false,
                Test::Term(term) => match &self.program.terms[term.index()] {
                    Term::Exact(word) => fold(word) == piece.folded,
                    term => term.accepts(&piece.raw, &piece.folded, self.languages),
                },
            };
            other && (at == 0 || !item.glued || piece.glued)
        };
        let is_exact = |item: &Item| match item.test {
            Test::Term(term) => matches!(self.program.terms[term.index()], Term::Exact(_)),
            Test::Any | Test::Stretch => false,
        };
        if !items.iter().any(is_exact) {
            return None;
        }
        let found = here.windows(items.len()).find(|pieces| {
            pieces.iter().all(|piece| piece.part == pieces[0].part)
                && items.iter().enumerate().zip(*pieces).all(|(item, piece)| fits(item, piece))
        })?;
        let (first, last) = (found.first()?, found.last()?);
        let written = self.shown(usize::from(first.field), first.start as usize..last.end as usize);
        Some(format!("there is “{}”, and `=` minds case and accents", shortened(&written)))
    }

    /// A phrase whose words are there, but not side by side, or not all of them.
    fn apart(&self, items: &[Item], here: &[&PlainPiece]) -> Option<String> {
        let words: Vec<&Term> = items
            .iter()
            .filter_map(|item| match item.test {
                Test::Term(term) => Some(&self.program.terms[term.index()]),
                Test::Any | Test::Stretch => None,
            })
            .collect();
        // Characters of a script without spaces say nothing alone.
        if words.len() < 2 || items.iter().any(|item| item.glued) {
            return None;
        }
        let has = |word: &Term, field: u8| {
            let fits = |piece: &&&PlainPiece| word.accepts(&piece.raw, &piece.folded, self.languages);
            here.iter().filter(|piece| piece.field == field).any(|piece| fits(&piece))
        };
        let fields: Vec<u8> = (0_u8..).take(FIELDS.len()).collect();
        if let Some(&field) = fields.iter().find(|&&field| words.iter().all(|word| has(word, field))) {
            return Some(format!("its words are in the {}, but not side by side", FIELDS[usize::from(field)]));
        }
        let missing: Vec<&Term> =
            words.iter().copied().filter(|word| !fields.iter().any(|&field| has(word, field))).collect();
        match missing.as_slice() {
            [] => Some("its words are in different fields".to_owned()),
            [Term::Word(word)] => Some(format!("all its words are there but `{word}`")),
            _ => None,
        }
    }
}
