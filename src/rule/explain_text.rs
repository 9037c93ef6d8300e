//! An explanation as a person reads it: what decided and what came near. What says little is counted, not listed, unless it
//! is asked for.

use std::fmt::{self, Write};

use super::explain::{Clause, Explanation, shortened};

/// Parts of one kind (they hold, they came near, they don't hold) shown of a clause.
const MOST_PARTS: usize = 4;
/// Hits shown of one clause.
const MOST_HITS: usize = 2;

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, false)
    }
}

impl Explanation {
    /// Everything that the explanation holds, long lists included.
    #[must_use]
    pub fn to_full_text(&self) -> String {
        let mut text = String::new();
        // Writing to a string can't fail.
        let _ = self.write(&mut text, true);
        text
    }

    fn write(&self, f: &mut impl Write, full: bool) -> fmt::Result {
        let verdict = if self.matches { "matches" } else { "does not match" };
        write!(f, "{} {verdict}", self.topic)?;
        if let Some(severity) = self.severity {
            write!(f, ", severity {severity}")?;
        }
        if !self.parts.is_empty() {
            write!(f, ", score {}", self.score)?;
            if let Some(threshold) = self.threshold {
                write!(f, " (threshold {threshold})")?;
            }
        }
        writeln!(f)?;
        if let Some(failed) = &self.failed {
            writeln!(f, "  {failed}")?;
        }
        writeln!(f, "  language {}", self.language.note)?;
        if let Some(query) = &self.query {
            writeln!(f, "match")?;
            query.write(f, 1, full)?;
        }
        if let Some(except) = &self.except {
            writeln!(f, "except")?;
            except.write(f, 1, full)?;
        }
        for part in &self.parts {
            writeln!(f, "score {:+}", part.points)?;
            part.when.write(f, 1, full)?;
        }
        Ok(())
    }
}

impl Clause {
    fn write(&self, f: &mut impl Write, depth: usize, full: bool) -> fmt::Result {
        let indent = "  ".repeat(depth);
        let mark = if self.holds { "✓" } else { "✗" };
        write!(f, "{indent}{mark} {}", shortened(&self.query))?;
        if let Some(note) = &self.note {
            write!(f, "  [{note}]")?;
        }
        writeln!(f)?;
        let hits = &self.hits[..self.hits.len().min(if full { usize::MAX } else { MOST_HITS })];
        for hit in hits {
            writeln!(f, "{indent}    {}: {}«{}»{}", hit.field, hit.before, hit.text, hit.after)?;
        }
        if self.hit_count > hits.len() && !hits.is_empty() {
            writeln!(f, "{indent}    and {} more", self.hit_count - hits.len())?;
        }
        if full {
            return self.parts.iter().try_for_each(|part| part.write(f, depth + 1, full));
        }
        // What holds first, then what came near, then a few of the others.
        let holding = self.parts.iter().filter(|part| part.holds);
        let near = self.parts.iter().filter(|part| part.is_near());
        let others = self.parts.iter().filter(|part| !part.holds && !part.is_near());
        let any_better = holding.clone().chain(near.clone()).next().is_some();
        write_some(f, depth + 1, holding, MOST_PARTS, "that hold")?;
        write_some(f, depth + 1, near, MOST_PARTS, "that came near")?;
        // Where an alternative holds, those that don't are of no interest.
        let shown = if self.holds && any_better { 0 } else { MOST_PARTS };
        write_some(f, depth + 1, others, shown, "that don't hold")
    }
}

fn write_some<'c>(
    f: &mut impl Write,
    depth: usize,
    parts: impl Iterator<Item = &'c Clause>,
    most: usize,
    which: &str,
) -> fmt::Result {
    let mut left = 0;
    for (index, part) in parts.enumerate() {
        if index < most {
            part.write(f, depth, false)?;
        } else {
            left += 1;
        }
    }
    if left > 0 {
        writeln!(f, "{}and {left} more {which}", "  ".repeat(depth))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(query: &str, holds: bool) -> Clause {
        let hit_count = usize::from(holds);
        Clause { query: query.into(), holds, hits: vec![], hit_count, note: None, parts: vec![] }
    }

    fn shown(clause: &Clause, full: bool) -> String {
        let mut text = String::new();
        clause.write(&mut text, 0, full).expect("a string takes everything");
        text
    }

    #[test]
    fn long_lists_are_counted_and_near_misses_shown() {
        let words: Vec<Clause> = (0..50).map(|number| word(&format!("parola{number}"), false)).collect();
        let near = Clause { parts: vec![word("nave", true), word("porto", false)], ..word("nave AND porto", false) };
        let query = Clause { parts: words.into_iter().chain([near]).collect(), ..word("parola0 OR …", false) };
        let text = shown(&query, false);
        assert_eq!(text.lines().count(), 1 + 3 + 4 + 1, "{text}");
        assert!(text.contains("✗ nave AND porto\n    ✓ nave\n    ✗ porto\n"), "{text}");
        assert!(text.ends_with("and 46 more that don't hold\n"), "{text}");
        assert_eq!(shown(&query, true).lines().count(), 54);
    }

    #[test]
    fn where_an_alternative_holds_the_others_are_only_counted() {
        let query = Clause {
            parts: vec![word("船", true), word("港", false), word("корабль", false)],
            ..word("船 OR …", true)
        };
        assert_eq!(shown(&query, false), "✓ 船 OR …\n  ✓ 船\n  and 2 more that don't hold\n");
    }
}
