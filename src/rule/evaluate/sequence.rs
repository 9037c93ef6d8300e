//! What stands in a row: phrases, and regular expressions over a field's text.

use std::ops::ControlFlow;

use crate::rule::code::{ANYTHING, STRETCHES};
use crate::rule::expr::{AtomId, AtomKind, FieldSet, STRETCH, TermId};
use crate::rule::noted::Head;
use crate::rule::position::{Pos, Stretch};
use crate::rule::scanner::{Kind, Scan, clip};
use crate::text::analyzed::FIELDS;
use crate::text::reading::parts;

impl Scan<'_> {
    /// Calls `found` with the first piece and one past the last of every place where the sequence stands.
    pub(super) fn sequences(
        &self,
        at: usize,
        fields: FieldSet,
        mut found: impl FnMut(u32, u32) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let code = self.index.code.words.as_slice();
        let (pairs, items) = code[at + 4..at + code[at + 1] as usize].split_at(2 * code[at + 3] as usize);
        // All pairs and terms must be there; the rarest of those at a known distance from the beginning says where to look.
        let mut rarest: Option<(&Head, u32)> = None;
        for pair in pairs.chunks_exact(2) {
            let Some(head) = self.term_in(pair[0], fields) else { return ControlFlow::Continue(()) };
            if rarest.is_none_or(|(rarest, _)| head.count < rarest.count) {
                rarest = Some((head, pair[1]));
            }
        }
        let mut distance = Some(0);
        for item in items {
            match item >> 1 {
                ANYTHING => {}
                STRETCHES => distance = None,
                term => {
                    let Some(head) = self.term_in(term, fields) else { return ControlFlow::Continue(()) };
                    if let Some(distance) = distance
                        && rarest.is_none_or(|(rarest, _)| head.count < rarest.count)
                    {
                        rarest = Some((head, distance));
                    }
                }
            }
            distance = distance.map(|distance| distance + 1);
        }
        let Some((rarest, distance)) = rarest else { return ControlFlow::Continue(()) };
        for &number in self.scratch.noted.numbers(rarest) {
            let occurrence = &self.scratch.noted.occurrences[number as usize];
            let Some(start) = occurrence.piece.checked_sub(distance) else { continue };
            if let Some(end) = self.sequence_end(items, start)
                && self.scratch.pieces[start as usize..end as usize].iter().all(|piece| piece.fields & fields.0 != 0)
            {
                found(start, end)?;
            }
        }
        ControlFlow::Continue(())
    }

    fn sequence_end(&self, items: &[u32], start: u32) -> Option<u32> {
        let mut at = start;
        let mut rest = items;
        while let Some((item, after)) = rest.split_first() {
            let (test, glued) = (item >> 1, item & 1 != 0);
            if test == STRETCHES {
                return (0..=STRETCH)
                    .map_while(|step| {
                        // The characters skipped so far, the last one included, must be of one run.
                        let crosses = step > 0 && {
                            let piece = self.piece(at + step - 1);
                            piece.kind != Kind::Character || !piece.glued
                        };
                        (!crosses).then(|| self.glued_rest(after, at + step))
                    })
                    .flatten()
                    .next();
            }
            let piece = self.scratch.pieces.get(at as usize).filter(|piece| piece.kind != Kind::End)?;
            let fits = test == ANYTHING || {
                let terms = self.memo.terms(&piece.terms);
                if terms.len() > 8 {
                    let by = self.index.by();
                    terms.binary_search_by_key(&by.order(TermId(test)), |&term| by.order(term)).is_ok()
                } else {
                    terms.contains(&TermId(test))
                }
            };
            if !fits || (glued && at > start && !piece.glued) {
                return None;
            }
            at += 1;
            rest = after;
        }
        Some(at)
    }

    /// What follows a stretch; its first piece must be glued as its item says, since it is never the sequence's first.
    fn glued_rest(&self, items: &[u32], at: u32) -> Option<u32> {
        if let Some(item) = items.first()
            && item & 1 != 0
            && item >> 1 != STRETCHES
            && !self.scratch.pieces.get(at as usize)?.glued
        {
            return None;
        }
        self.sequence_end(items, at)
    }

    pub(super) fn regex_hits(
        &self,
        atom: AtomId,
        fields: FieldSet,
        mut found: impl FnMut(Pos, Stretch) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let AtomKind::Regex(regex) = &self.program.atoms[atom.index()] else { return ControlFlow::Continue(()) };
        for (number, text) in self.document.fields.iter().enumerate() {
            let field = clip(number) as u8;
            let in_lede = number < 3 && fields.meets(FieldSet::LEDE);
            if !in_lede && !FieldSet(1 << field).meets(fields) {
                continue;
            }
            let first = self.scratch.pieces.partition_point(|piece| piece.field < field);
            let last = self.scratch.pieces.partition_point(|piece| piece.field <= field) - 1;
            let of_field = &self.scratch.pieces[first..last];
            for part in parts(FIELDS[number], text) {
                for hit in regex.find_iter(&part.text).filter(|hit| !hit.is_empty()) {
                    let (start, end) = (clip(part.stored(hit.start())), clip(part.stored(hit.end())));
                    let from = of_field.partition_point(|piece| piece.end <= start);
                    let to = of_field.partition_point(|piece| piece.start < end);
                    let place = Pos { start: clip(first + from), end: clip(first + to.max(from)) };
                    let inside = if from < to {
                        of_field[from..to].iter().all(|piece| piece.fields & fields.0 != 0)
                    } else {
                        FieldSet(1 << field).meets(fields)
                    };
                    if inside {
                        found(place, Stretch::new(field, start, end))?;
                    }
                }
            }
        }
        ControlFlow::Continue(())
    }
}
